/* A library to preload: it passes libc's allocating functions on, and records who called them in the file that
 * ISOLATION_TRACER names. It holds no lock, keeps nothing per thread and allocates nothing, so that it may be called
 * from anywhere: from the loader, from constructors, in forked children. */
#define _GNU_SOURCE
#include "tracer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void* (*next_malloc)(size_t);
static void* (*next_calloc)(size_t, size_t);
static void* (*next_realloc)(void*, size_t);
static void* (*next_reallocarray)(void*, size_t, size_t);
static void* (*next_aligned_alloc)(size_t, size_t);
static int (*next_posix_memalign)(void**, size_t, size_t);
static void* (*next_memalign)(size_t, size_t);
static void* (*next_valloc)(size_t);
static void* (*next_pvalloc)(size_t);
static void (*next_free)(void*);

/* What is asked for while the functions above are looked up comes from here, and stays. */
static char early[65536] __attribute__((aligned(16)));
static size_t early_used;

static void* take_early(size_t size) {
  size_t at = __atomic_fetch_add(&early_used, (size + 15) & ~(size_t)15, __ATOMIC_RELAXED);
  if (at + size > sizeof early) abort();
  return early + at;
}

static int is_early(const void* block) {
  return (const char*)block >= early && (const char*)block < early + sizeof early;
}

static struct tracer_record* record;

static void attach(void) {
  const char* path = getenv("ISOLATION_TRACER");
  if (!path) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  struct tracer_record* there = mapped;
  __atomic_store_n(&there->attached, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&record, there, __ATOMIC_RELEASE);
}

static void look_up(void) {
  next_free = dlsym(RTLD_NEXT, "free");
  next_calloc = dlsym(RTLD_NEXT, "calloc");
  next_realloc = dlsym(RTLD_NEXT, "realloc");
  next_reallocarray = dlsym(RTLD_NEXT, "reallocarray");
  next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
  next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
  next_memalign = dlsym(RTLD_NEXT, "memalign");
  next_valloc = dlsym(RTLD_NEXT, "valloc");
  next_pvalloc = dlsym(RTLD_NEXT, "pvalloc");
  next_malloc = dlsym(RTLD_NEXT, "malloc");
}

/* 0: not yet, 1: being looked up (by this thread: there is no other so early), 2: ready. */
static int state;

static int ready(void) {
  if (state == 2) return 1;
  if (state == 1) return 0;
  state = 1;
  look_up();
  attach();
  state = 2;
  return 1;
}

__attribute__((constructor)) static void start(void) { ready(); }

static void count(enum tracer_function function, void* from) {
  struct tracer_record* to = __atomic_load_n(&record, __ATOMIC_ACQUIRE);
  if (!to) return;
  const uint64_t key = (uint64_t)function << 56 | (uint64_t)(uintptr_t)from;
  uint64_t at = key * 0x9e3779b97f4a7c15u >> 48;
  for (int tried = 0; tried < tracer_places; ++tried, at = (at + 1) % tracer_places) {
    uint64_t there = __atomic_load_n(&to->places[at].key, __ATOMIC_RELAXED);
    if (there == 0 &&
        __atomic_compare_exchange_n(&to->places[at].key, &there, key, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
      there = key;
    }
    if (there != key) continue;
    __atomic_fetch_add(&to->places[at].calls, 1, __ATOMIC_RELAXED);
    return;
  }
  __atomic_fetch_add(&to->lost, 1, __ATOMIC_RELAXED);
}

#define CALLER __builtin_return_address(0)

void* malloc(size_t size) {
  if (!ready()) return take_early(size);
  count(tracer_malloc, CALLER);
  return next_malloc(size);
}

void* calloc(size_t one, size_t size) {
  if (!ready()) return take_early(one * size);
  count(tracer_calloc, CALLER);
  return next_calloc(one, size);
}

void* realloc(void* block, size_t size) {
  if (!ready() || is_early(block)) {
    /* The size of an early block is not known: what may follow it lies in the same array. */
    void* fresh = state == 2 ? next_malloc(size) : take_early(size);
    const size_t most = block ? (size_t)(early + sizeof early - (char*)block) : 0;
    if (fresh && block) memcpy(fresh, block, size < most ? size : most);
    return fresh;
  }
  count(tracer_realloc, CALLER);
  return next_realloc(block, size);
}

void* reallocarray(void* block, size_t one, size_t size) {
  if (!ready()) abort();
  count(tracer_reallocarray, CALLER);
  return next_reallocarray(block, one, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (!ready()) abort();
  count(tracer_aligned_alloc, CALLER);
  return next_aligned_alloc(alignment, size);
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  if (!ready()) abort();
  count(tracer_posix_memalign, CALLER);
  return next_posix_memalign(block, alignment, size);
}

void* memalign(size_t alignment, size_t size) {
  if (!ready()) abort();
  count(tracer_memalign, CALLER);
  return next_memalign(alignment, size);
}

void* valloc(size_t size) {
  if (!ready()) abort();
  count(tracer_valloc, CALLER);
  return next_valloc(size);
}

void* pvalloc(size_t size) {
  if (!ready()) abort();
  count(tracer_pvalloc, CALLER);
  return next_pvalloc(size);
}

/* Valkey 8.1 and later bind a module to libc before any preloaded library; without that flag its calls come by here. */
void* dlopen(const char* path, int flags) {
  static void* (*next_dlopen)(const char*, int);
  if (!next_dlopen) next_dlopen = dlsym(RTLD_NEXT, "dlopen");
  return next_dlopen(path, flags & ~RTLD_DEEPBIND);
}

void free(void* block) {
  if (is_early(block)) return;
  if (ready()) next_free(block);
}
