// A team of threads for one call, with a barrier between the parts of a batch.
#pragma once
#include <stdint.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

constexpr int SPINS = 2000;  // before a waiting thread gives its core away

struct Barrier {
  int n_threads = 1;
  int n_waiting = 0, round = 0, has_begun = 0;

  static void yield() {
#ifdef _WIN32
    SwitchToThread();
#else
    sched_yield();
#endif
  }
  // Threads wait until it is known how many there are.
  void begin(int n) {
    n_threads = n;
    __atomic_store_n(&has_begun, 1, __ATOMIC_RELEASE);
  }
  void wait_to_begin() const {
    while (!__atomic_load_n(&has_begun, __ATOMIC_ACQUIRE)) yield();
  }

  void wait() {
    if (n_threads == 1) return;
    int now = __atomic_load_n(&round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&n_waiting, 1, __ATOMIC_ACQ_REL) == n_threads) {
      __atomic_store_n(&n_waiting, 0, __ATOMIC_RELAXED);
      __atomic_store_n(&round, now + 1, __ATOMIC_RELEASE);
      return;
    }
    for (int i = 0; __atomic_load_n(&round, __ATOMIC_ACQUIRE) == now; i++)
      if (i >= SPINS) yield();
  }
};

struct Member {
  void (*work)(void *shared, int rank);
  void *shared;
  int rank;
};

#ifdef _WIN32
typedef HANDLE Thread;
static DWORD WINAPI begin_member(void *m) {
  ((Member *)m)->work(((Member *)m)->shared, ((Member *)m)->rank);
  return 0;
}
static bool start(Thread &t, Member *m) {
  t = CreateThread(nullptr, 0, begin_member, m, 0, nullptr);
  return t != nullptr;
}
static void join(Thread t) {
  WaitForSingleObject(t, INFINITE);
  CloseHandle(t);
}
#else
typedef pthread_t Thread;
static void *begin_member(void *m) {
  ((Member *)m)->work(((Member *)m)->shared, ((Member *)m)->rank);
  return nullptr;
}
static bool start(Thread &t, Member *m) { return pthread_create(&t, nullptr, begin_member, m) == 0; }
static void join(Thread t) { pthread_join(t, nullptr); }
#endif
