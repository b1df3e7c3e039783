/* A disk that remembers in which order it was written and synced. Preloaded into a
   process, it notes in the file POWERCUT_TRACE every change that the C library makes to
   files whose path begins with POWERCUT_PREFIX, so that what a power cut may leave can be
   put together for any moment. Syncs are noted and not done: a killed process loses
   nothing by it. Where POWERCUT_LIE is a suffix of a path, syncs of that file are not
   even noted: a disk that says "saved" and has not.

   A record is ns of CLOCK_REALTIME, kind, file, offset, length, as native integers of 8
   bytes each, and then as many bytes as the kinds 'o' and 'w' have. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024 };
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* the order of the trace is that of the changes */
static int64_t file[MOST];                              /* by descriptor: 1 + the number of its opening */
static char lies[MOST];
static int64_t opened;
static int trace = -2;

static void put(char kind, int64_t f, int64_t off, int64_t len, const void *data) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int64_t head[5] = {(int64_t)t.tv_sec * 1000000000 + t.tv_nsec, kind, f, off, len};
	size_t n = data ? (size_t)len : 0;
	char *b = malloc(sizeof head + n);
	if (!b) abort();
	memcpy(b, head, sizeof head);
	if (n) memcpy(b + sizeof head, data, n);
	if (syscall(SYS_write, trace, b, sizeof head + n) != (long)(sizeof head + n)) abort();
	free(b);
}

static int followed(const char *path) {
	if (trace == -2) {
		const char *to = getenv("POWERCUT_TRACE");
		trace = to ? (int)syscall(SYS_openat, AT_FDCWD, to, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644) : -1;
	}
	const char *prefix = getenv("POWERCUT_PREFIX");
	size_t n = strlen(path);
	if (n > 4 && !strcmp(path + n - 4, "-shm")) return 0; /* made anew after every crash */
	return trace >= 0 && prefix && !strncmp(path, prefix, strlen(prefix));
}

static int lied(const char *path) {
	const char *suffix = getenv("POWERCUT_LIE");
	size_t n = strlen(path), m = suffix ? strlen(suffix) : 0;
	return m && n >= m && !strcmp(path + n - m, suffix);
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
	pthread_mutex_lock(&one);
	struct stat s;
	int fresh = stat(path, &s) != 0;
	int fd = real(path, flags, mode);
	if (fd >= 0 && fd < MOST) {
		file[fd] = 0;
		if (followed(path)) {
			file[fd] = ++opened;
			lies[fd] = (char)lied(path);
			put('o', opened, fresh, (int64_t)strlen(path), path);
		}
	}
	pthread_mutex_unlock(&one);
	return fd;
}

#define OPEN(name)                                                         \
	int name(const char *path, int flags, ...) {                           \
		va_list a;                                                         \
		va_start(a, flags);                                                \
		mode_t mode = (flags & O_CREAT) ? (mode_t)va_arg(a, int) : 0;      \
		va_end(a);                                                         \
		return open_any(#name, path, flags, mode);                         \
	}
OPEN(open)
OPEN(open64)

static int64_t of(int fd) { return fd >= 0 && fd < MOST ? file[fd] : 0; }

int close(int fd) {
	int (*real)(int) = dlsym(RTLD_NEXT, "close");
	pthread_mutex_lock(&one);
	if (fd >= 0 && fd < MOST) file[fd] = 0;
	int r = real(fd);
	pthread_mutex_unlock(&one);
	return r;
}

#define PWRITE(name)                                                       \
	ssize_t name(int fd, const void *b, size_t n, off_t off) {             \
		ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, #name); \
		pthread_mutex_lock(&one);                                          \
		if (of(fd)) put('w', of(fd), off, (int64_t)n, b);                  \
		ssize_t r = real(fd, b, n, off);                                   \
		pthread_mutex_unlock(&one);                                        \
		return r;                                                          \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *b, size_t n) {
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	pthread_mutex_lock(&one);
	if (of(fd)) put('w', of(fd), lseek(fd, 0, SEEK_CUR), (int64_t)n, b);
	ssize_t r = real(fd, b, n);
	pthread_mutex_unlock(&one);
	return r;
}

#define TRUNCATE(name)                                                     \
	int name(int fd, off_t n) {                                            \
		int (*real)(int, off_t) = dlsym(RTLD_NEXT, #name);                 \
		pthread_mutex_lock(&one);                                          \
		if (of(fd)) put('t', of(fd), n, 0, 0);                             \
		int r = real(fd, n);                                               \
		pthread_mutex_unlock(&one);                                        \
		return r;                                                          \
	}
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(name)                                                         \
	int name(int fd) {                                                     \
		pthread_mutex_lock(&one);                                          \
		int64_t f = of(fd);                                                \
		if (f && !lies[fd]) put('s', f, 0, 0, 0);                          \
		pthread_mutex_unlock(&one);                                        \
		if (f) return 0;                                                   \
		int (*real)(int) = dlsym(RTLD_NEXT, #name);                        \
		return real(fd);                                                   \
	}
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
	int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
	pthread_mutex_lock(&one);
	if (followed(path)) put('u', 0, 0, (int64_t)strlen(path), path);
	int r = real(path);
	pthread_mutex_unlock(&one);
	return r;
}
