// Lets one of the calls that write files fail, in a program that is started with this library in LD_PRELOAD (Linux).
//
//   cc -shared -fPIC -o failing-calls.so Scripts/failing-calls.c
//   FAIL_CALL=3 FAIL_NUMBER=28 LD_PRELOAD=./failing-calls.so roteq config run.py -o run.yaml
//
// FAIL_CALL is the number of the call, from 1, and FAIL_NUMBER its errno. Every call of the name in FAIL_ALWAYS fails, too, as links
// do on a disk that has none. The names of the calls are added to the file in FAIL_LOG.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) typeof(name) *real = (typeof(name) *)dlsym(RTLD_NEXT, #name)

enum { most = 4096 };
static int count, is_written[most];

static void note(const char *name) {
  const char *path = getenv("FAIL_LOG");
  if (!path) return;
  typeof(open) *real_open = (typeof(open) *)dlsym(RTLD_NEXT, "open");
  typeof(write) *real_write = (typeof(write) *)dlsym(RTLD_NEXT, "write");
  typeof(close) *real_close = (typeof(close) *)dlsym(RTLD_NEXT, "close");
  int file = real_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  (void)!real_write(file, name, strlen(name));
  (void)!real_write(file, "\n", 1);
  real_close(file);
}

static int fails(const char *name) {
  const char *place = getenv("FAIL_CALL"), *number = getenv("FAIL_NUMBER"), *always = getenv("FAIL_ALWAYS");
  note(name);
  count += 1;
  if (always && !strcmp(always, name)) {
    errno = EPERM;
    return 1;
  }
  if (!place || count != atoi(place)) return 0;
  errno = number ? atoi(number) : ENOSPC;
  return 1;
}

static int is_watched(int file) { return file > 2 && file < most && is_written[file]; }

#define OPEN(name)                                                            \
  int name(const char *path, int flags, ...) {                                \
    REAL(name);                                                               \
    va_list list;                                                             \
    va_start(list, flags);                                                    \
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;                 \
    va_end(list);                                                             \
    int writes = (flags & O_ACCMODE) != O_RDONLY && strcmp(path, "/dev/null"); \
    if (writes && fails("open")) return -1;                                   \
    int file = real(path, flags, mode);                                       \
    if (file >= 0 && file < most) is_written[file] = writes;                  \
    return file;                                                              \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t size) {
  REAL(write);
  return is_watched(file) && fails("write") ? -1 : real(file, bytes, size);
}

int close(int file) {
  REAL(close);
  if (!is_watched(file)) return real(file);
  is_written[file] = 0;
  if (!fails("close")) return real(file);
  int number = errno;
  real(file);
  errno = number;
  return -1;
}

int fsync(int file) { REAL(fsync); return fails("fsync") ? -1 : real(file); }
int fchmod(int file, mode_t mode) { REAL(fchmod); return fails("fchmod") ? -1 : real(file, mode); }
int rename(const char *from, const char *to) { REAL(rename); return fails("rename") ? -1 : real(from, to); }
int link(const char *from, const char *to) { REAL(link); return fails("link") ? -1 : real(from, to); }
int unlink(const char *path) { REAL(unlink); return fails("unlink") ? -1 : real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return fails("mkdir") ? -1 : real(path, mode); }
int rmdir(const char *path) { REAL(rmdir); return fails("rmdir") ? -1 : real(path); }
