// Reading mapped files that somebody may truncate meanwhile. The system answers a read beyond the end with SIGBUS, which ends
// a program that does not expect it. A range that is guarded reads as zeros from there on, and says so when it is asked.
#ifndef GUARDED_MAP_H
#define GUARDED_MAP_H

#include <stddef.h>

// Guards mapped bytes that the calling thread is about to read; -1 where it guards as many ranges as it can.
int guard_begin(const void *start, size_t size);

// Ends the guard of the same thread: 1 where bytes were missing, otherwise 0.
int guard_end(int guard);

#endif
