// SPDX-License-Identifier: BSD-3-Clause
// What GCC's ThreadSanitizer must be told of the libraries that are not built for it.
//
// It knows threads of POSIX only: a program crashes in the first thread that <threads.h> makes, as
// librdkafka does. So these are made POSIX threads here; then it sees that library's threads and
// locks, too. The types are glibc's, in which mtx_t and cnd_t are what the functions of POSIX take.
//
// What it can't see are atomic operations in librdkafka and RocksDB: the count by which a fetched
// buffer is freed once nobody reads it, or the list by which readers find a new row. So reports
// that have a frame of either library in them are left out.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t) && sizeof(cnd_t) == sizeof(pthread_cond_t));

pthread_mutex_t* posix(mtx_t* m) { return reinterpret_cast<pthread_mutex_t*>(m); }
pthread_cond_t* posix(cnd_t* c) { return reinterpret_cast<pthread_cond_t*>(c); }

int as_c11(int failure) {
  switch (failure) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

struct thread_start {
  thrd_start_t function;
  void* argument;
};
void* run(void* start) {
  const std::unique_ptr<thread_start> how{static_cast<thread_start*>(start)};
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(how->function(how->argument)));
}

}  // namespace

extern "C" {

const char* __tsan_default_suppressions() { return "race:librdkafka.so\nrace:librocksdb.so\n"; }

int thrd_create(thrd_t* made, thrd_start_t function, void* argument) {
  auto how = std::make_unique<thread_start>(thread_start{function, argument});
  const int failure = pthread_create(made, nullptr, run, how.get());
  if (failure == 0) static_cast<void>(how.release());  // the thread's
  return as_c11(failure);
}
int thrd_join(thrd_t thread, int* result) {
  void* returned = nullptr;
  const int failure = pthread_join(thread, &returned);
  if (result != nullptr) *result = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return as_c11(failure);
}
int thrd_detach(thrd_t thread) { return as_c11(pthread_detach(thread)); }
thrd_t thrd_current() { return pthread_self(); }

int mtx_init(mtx_t* m, int type) {
  pthread_mutexattr_t how;
  pthread_mutexattr_init(&how);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&how, PTHREAD_MUTEX_RECURSIVE);
  const int failure = pthread_mutex_init(posix(m), &how);
  pthread_mutexattr_destroy(&how);
  return as_c11(failure);
}
void mtx_destroy(mtx_t* m) { pthread_mutex_destroy(posix(m)); }
int mtx_lock(mtx_t* m) { return as_c11(pthread_mutex_lock(posix(m))); }
int mtx_trylock(mtx_t* m) { return as_c11(pthread_mutex_trylock(posix(m))); }
int mtx_unlock(mtx_t* m) { return as_c11(pthread_mutex_unlock(posix(m))); }

int cnd_init(cnd_t* c) { return as_c11(pthread_cond_init(posix(c), nullptr)); }
void cnd_destroy(cnd_t* c) { pthread_cond_destroy(posix(c)); }
int cnd_signal(cnd_t* c) { return as_c11(pthread_cond_signal(posix(c))); }
int cnd_broadcast(cnd_t* c) { return as_c11(pthread_cond_broadcast(posix(c))); }
int cnd_wait(cnd_t* c, mtx_t* m) { return as_c11(pthread_cond_wait(posix(c), posix(m))); }
int cnd_timedwait(cnd_t* c, mtx_t* m, const timespec* until) {
  return as_c11(pthread_cond_timedwait(posix(c), posix(m), until));
}

}  // extern "C"
