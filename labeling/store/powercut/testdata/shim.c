// The shim stands between a process and its disk (LD_PRELOAD). It does every call to
// the files below POWERCUT_DIR as asked, and writes it down in the file POWERCUT_TRACE,
// in the order in which the process did them:
//
//	struct head, then len bytes   one write(2) to a file opened O_APPEND, so that
//	                              records never mix, other writers' among them
//
// A write is written down before it is done and under one lock, so that whoever kills
// the process finds at most the last of them undone. A sync is two records, because
// what is written while it lasts need not be covered by it.
//
// What is mapped into memory escapes the shim. SQLite maps its -shm file, which it
// makes anew after every crash and which is left out for that reason, and nothing else
// unless told.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
	CREATE = 'c',   // a name that was not there; bytes: the name
	OPEN = 'o',     // fd; bytes: the name, nothing for the directory itself
	CLOSE = 'x',    // fd
	WRITE = 'w',    // fd, at, bytes
	TRUNCATE = 't', // fd, at: the new size
	SYNC = 's',     // fd: asked for
	SYNCED = 'S',   // fd: done
	UNLINK = 'u',   // bytes: the name
};

struct head {
	uint32_t kind;
	int32_t fd;
	int64_t at;
	uint64_t len;
};

enum { MAX_FD = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *dir;
static char traced[MAX_FD];

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);

// fail ends a process that the trace would not tell the truth about.
static void fail(const char *why) {
	fprintf(stderr, "powercut shim: %s\n", why);
	abort();
}

__attribute__((constructor)) static void start(void) {
	real_open = dlsym(RTLD_NEXT, "open");
	real_close = dlsym(RTLD_NEXT, "close");
	real_pwrite = dlsym(RTLD_NEXT, "pwrite");
	real_write = dlsym(RTLD_NEXT, "write");
	real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	real_unlink = dlsym(RTLD_NEXT, "unlink");
	dir = getenv("POWERCUT_DIR");
	const char *path = getenv("POWERCUT_TRACE");
	if (dir == NULL || path == NULL)
		fail("POWERCUT_DIR and POWERCUT_TRACE are not set");
	trace = real_open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (trace < 0)
		fail("cannot open POWERCUT_TRACE");
}

static void note(enum kind kind, int fd, int64_t at, const void *bytes, size_t len) {
	struct head h = {kind, fd, at, len};
	struct iovec parts[] = {{&h, sizeof h}, {(void *)bytes, len}};
	if (writev(trace, parts, 2) != (ssize_t)(sizeof h + len))
		fail("cannot write POWERCUT_TRACE");
}

// name is a path's name in the directory, "" for the directory itself, and NULL for
// what is elsewhere or left out.
static const char *name(const char *path) {
	size_t n = strlen(dir), all = strlen(path);
	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n] != 0))
		return NULL;
	if (all >= 4 && strcmp(path + all - 4, "-shm") == 0)
		return NULL;
	return path[n] == 0 ? path + n : path + n + 1;
}

static int ours(int fd) { return fd >= 0 && fd < MAX_FD && traced[fd]; }

static int traced_open(const char *path, int flags, mode_t mode) {
	const char *as = name(path);
	if (as == NULL)
		return real_open(path, flags, mode);
	if (flags & O_TRUNC)
		fail("O_TRUNC is not traced");
	pthread_mutex_lock(&lock);
	if ((flags & O_CREAT) && access(path, F_OK) != 0)
		note(CREATE, -1, 0, as, strlen(as));
	int fd = real_open(path, flags, mode);
	if (fd >= MAX_FD)
		fail("too many open files");
	if (fd >= 0) {
		traced[fd] = 1;
		note(OPEN, fd, 0, as, strlen(as));
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

#define OPEN_AS(symbol)                                  \
	int symbol(const char *path, int flags, ...) {       \
		va_list rest;                                    \
		va_start(rest, flags);                           \
		mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
		va_end(rest);                                    \
		return traced_open(path, flags, mode);           \
	}
OPEN_AS(open)
OPEN_AS(open64)

int close(int fd) {
	if (!ours(fd))
		return real_close(fd);
	pthread_mutex_lock(&lock);
	note(CLOSE, fd, 0, NULL, 0);
	traced[fd] = 0;
	int r = real_close(fd);
	pthread_mutex_unlock(&lock);
	return r;
}

static ssize_t traced_pwrite(int fd, const void *bytes, size_t len, off_t at) {
	if (!ours(fd))
		return real_pwrite(fd, bytes, len, at);
	pthread_mutex_lock(&lock);
	note(WRITE, fd, at, bytes, len);
	ssize_t n = real_pwrite(fd, bytes, len, at);
	if (n != (ssize_t)len)
		fail("a write was cut short");
	pthread_mutex_unlock(&lock);
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) { return traced_pwrite(fd, bytes, len, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) { return traced_pwrite(fd, bytes, len, at); }

ssize_t write(int fd, const void *bytes, size_t len) {
	if (!ours(fd))
		return real_write(fd, bytes, len);
	pthread_mutex_lock(&lock);
	note(WRITE, fd, lseek(fd, 0, SEEK_CUR), bytes, len);
	ssize_t n = real_write(fd, bytes, len);
	if (n != (ssize_t)len)
		fail("a write was cut short");
	pthread_mutex_unlock(&lock);
	return n;
}

static int traced_ftruncate(int fd, off_t size) {
	if (!ours(fd))
		return real_ftruncate(fd, size);
	pthread_mutex_lock(&lock);
	note(TRUNCATE, fd, size, NULL, 0);
	if (real_ftruncate(fd, size) != 0)
		fail("a truncation failed");
	pthread_mutex_unlock(&lock);
	return 0;
}

int ftruncate(int fd, off_t size) { return traced_ftruncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return traced_ftruncate(fd, size); }

static int traced_sync(int (*sync)(int), int fd) {
	if (!ours(fd))
		return sync(fd);
	pthread_mutex_lock(&lock); // or a write noted might not be done yet
	note(SYNC, fd, 0, NULL, 0);
	pthread_mutex_unlock(&lock);
	int r = sync(fd);
	if (r == 0)
		note(SYNCED, fd, 0, NULL, 0);
	return r;
}

int fsync(int fd) { return traced_sync(real_fsync, fd); }
int fdatasync(int fd) { return traced_sync(real_fdatasync, fd); }

int unlink(const char *path) {
	const char *as = name(path);
	if (as == NULL || access(path, F_OK) != 0)
		return real_unlink(path);
	pthread_mutex_lock(&lock);
	note(UNLINK, -1, 0, as, strlen(as));
	if (real_unlink(path) != 0)
		fail("an unlink failed");
	pthread_mutex_unlock(&lock);
	return 0;
}
