package serve

import (
	"context"
	"errors"
	"net"

	"github.com/charmbracelet/ssh"
	gossh "golang.org/x/crypto/ssh"

	"plumbline/labeling"
)

// proves tells whether a key is enrolled, for the user that asks. It is called for every
// key that a client offers; that the client has the private one is checked after it.
func (s *Server) proves(ctx ssh.Context, key ssh.PublicKey) bool {
	who, err := s.byKey(ctx, key)
	return err == nil && who.Handle == ctx.User()
}

func (s *Server) byKey(ctx context.Context, key ssh.PublicKey) (labeling.Annotator, error) {
	who, err := s.store.AnnotatorByKey(ctx, gossh.FingerprintSHA256(key))
	if err != nil && !errors.Is(err, labeling.ErrNotFound) {
		s.metrics.storeErrors.WithLabelValues("key").Inc()
		s.c.Log.Error("store", "operation", "find a key", "error", err)
	}
	return who, err
}

// failed notes a connection that did not get through the handshake.
func (s *Server) failed(c net.Conn, err error) {
	var net1 net.Error
	reason := refusedHandshake
	switch {
	case errors.As(err, new(*gossh.ServerAuthError)):
		reason = refusedKey
	case errors.As(err, &net1) && net1.Timeout():
		reason = refusedTimeout
	}
	s.metrics.refuse(reason)
	s.c.Log.Info("refused", "reason", reason, "address", c.RemoteAddr().String())
}
