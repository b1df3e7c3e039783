package run

// Done tells whether a stage is done.
func (m Manifest) Done(stage string) bool {
	s := m.stage(stage)
	return s != nil && s.State == Done
}
