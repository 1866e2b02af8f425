/* The thread pool: one job at a time, chunks claimed dynamically, the caller takes part and never waits for a thread
 * that has not begun. A second caller, while a job runs, does its work alone.
 *
 * Threads start with the first job that wants them, spin for a short while after each job, then sleep. In a forked child
 * there are none until a job starts them anew. */
#include "runtime.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* source: measured, waking a sleeper takes 3-5 us, gaps between the loops of one program are mostly below 20 us. */
static const int64_t SPIN_NS = 20000;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t wake, finished;
    atomic_bool busy;         /* some caller owns the job below */
    atomic_uint posted;       /* counts jobs */
    atomic_bool open;         /* the job's fields are valid; cleared before the caller waits for `active` to drain */
    atomic_int active;        /* workers that look at the job, or may */
    atomic_int sleepers;
    atomic_bool caller_waits;
    atomic_int limit;         /* workers with a number up to this take part */
    atomic_llong next;
    int64_t nchunks;
    rt_task *task;
    void *arg;
    rt_stretch *stretch;
    int started;
    int wanted;
} pool = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .finished = PTHREAD_COND_INITIALIZER,
};

int64_t rt_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* -- workers ------------------------------------------------------------------------------------------------------- */
static void claim_chunks(int worker)
{
    for (;;) {
        int64_t chunk = atomic_fetch_add(&pool.next, 1);
        if (chunk >= pool.nchunks) return;
        if (!atomic_load_explicit(&pool.stretch->stopped, memory_order_relaxed))
            pool.task(pool.arg, chunk, worker);
    }
}

static void sleep_until_posted(unsigned seen)
{
    pthread_mutex_lock(&pool.mutex);
    atomic_fetch_add(&pool.sleepers, 1);
    while (atomic_load(&pool.posted) == seen) pthread_cond_wait(&pool.wake, &pool.mutex);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.mutex);
}

static void wait_for_job(unsigned seen)
{
    int64_t deadline = rt_now_ns() + SPIN_NS;
    do {
        for (int i = 0; i < 64; i++) {
            if (atomic_load_explicit(&pool.posted, memory_order_acquire) != seen) return;
            relax();
        }
    } while (rt_now_ns() < deadline);
    sleep_until_posted(seen);
}

static void *worker_main(void *argument)
{
    int worker = (int)(intptr_t)argument;
    unsigned seen = 0;
    for (;;) {
        wait_for_job(seen);
        seen = atomic_load(&pool.posted);
        atomic_fetch_add(&pool.active, 1);
        if (atomic_load(&pool.open) && worker <= atomic_load(&pool.limit)) claim_chunks(worker);
        if (atomic_fetch_sub(&pool.active, 1) == 1 && atomic_load(&pool.caller_waits)) {
            pthread_mutex_lock(&pool.mutex);
            pthread_cond_signal(&pool.finished);
            pthread_mutex_unlock(&pool.mutex);
        }
    }
    return NULL;
}

/* Signals are for Python's main thread: workers block them all. */
static void start_workers(int count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (pool.started < count) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, worker_main, (void *)(intptr_t)(pool.started + 1))) break;
        pool.started++;
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* -- the calling thread ---------------------------------------------------------------------------------------------- */
/* Between two chunks: lets Python handle signals, at most every 50 ms. */
static void look_for_signals(rt_stretch *stretch)
{
    int64_t now = rt_now_ns();
    if (now - stretch->ctx->checked_ns < RT_CHECK_NS) return;
    stretch->ctx->checked_ns = now;
    bool released = stretch->thread != NULL;
    if (released) PyEval_RestoreThread(stretch->thread);
    if (PyErr_CheckSignals()) {
        atomic_store_explicit(&stretch->stopped, true, memory_order_relaxed);
        rt_fail(stretch->ctx, RT_E_PYTHON, -1, 0, NULL);
    }
    if (released) stretch->thread = PyEval_SaveThread();
}

static void run_alone(rt_stretch *stretch, rt_task *task, void *arg, int64_t nchunks)
{
    for (int64_t chunk = 0; chunk < nchunks && !stretch->stopped; chunk++) {
        if (chunk) look_for_signals(stretch);
        task(arg, chunk, 0);
    }
}

static void wait_for_workers(void)
{
    int64_t deadline = rt_now_ns() + SPIN_NS;
    do {
        for (int i = 0; i < 64; i++) {
            if (!atomic_load(&pool.active)) return;
            relax();
        }
    } while (rt_now_ns() < deadline);
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.caller_waits, true);
    while (atomic_load(&pool.active)) pthread_cond_wait(&pool.finished, &pool.mutex);
    atomic_store(&pool.caller_waits, false);
    pthread_mutex_unlock(&pool.mutex);
}

static void wake_workers(int64_t count)
{
    int sleepers = atomic_load(&pool.sleepers);
    if (!sleepers) return;
    pthread_mutex_lock(&pool.mutex);
    if (count >= sleepers || pool.started > atomic_load(&pool.limit))
        pthread_cond_broadcast(&pool.wake);
    else
        while (count--) pthread_cond_signal(&pool.wake);
    pthread_mutex_unlock(&pool.mutex);
}

static void run_together(rt_stretch *stretch, int threads, rt_task *task, void *arg, int64_t nchunks)
{
    int helpers = (int)rt_min(threads, nchunks) - 1;
    if (pool.started < helpers) start_workers(helpers);
    pool.task = task;
    pool.arg = arg;
    pool.nchunks = nchunks;
    pool.stretch = stretch;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.limit, threads - 1);
    atomic_store(&pool.open, true);
    atomic_fetch_add(&pool.posted, 1);
    wake_workers(helpers);
    for (;;) {
        int64_t chunk = atomic_fetch_add(&pool.next, 1);
        if (chunk >= nchunks) break;
        if (stretch->stopped) continue;
        if (chunk) look_for_signals(stretch);
        if (!stretch->stopped) task(arg, chunk, 0);
    }
    atomic_store(&pool.open, false);
    wait_for_workers();
}

bool rt_split(rt_ctx *ctx, rt_task *task, void *arg, int64_t nchunks, int64_t work_ps, bool parallel)
{
    rt_stretch stretch = {.ctx = ctx, .thread = NULL, .stopped = false};
    int threads = parallel && nchunks > 1 ? pool.wanted : 1; /* read before the GIL goes: it may be set then */
    if (work_ps > RT_GIL_PS) stretch.thread = PyEval_SaveThread();
    if (threads > 1 && !atomic_exchange(&pool.busy, true)) {
        run_together(&stretch, threads, task, arg, nchunks);
        atomic_store(&pool.busy, false);
    } else {
        run_alone(&stretch, task, arg, nchunks);
    }
    if (stretch.thread) PyEval_RestoreThread(stretch.thread);
    return !stretch.stopped;
}

int64_t rt_chunks_for(int64_t work_ps, bool *parallel)
{
    *parallel = work_ps >= RT_PARALLEL_PS && pool.wanted > 1;
    if (!*parallel) return work_ps / RT_STRETCH_PS + 1;
    int64_t chunks = rt_min((int64_t)pool.wanted * 8, work_ps / RT_CHUNK_PS);
    return rt_max(chunks, work_ps / RT_STRETCH_PS + 1);
}

/* -- settings and life cycle ------------------------------------------------------------------------------------------ */
int rt_num_threads(void) { return pool.wanted; }

void rt_set_num_threads(int n) { pool.wanted = (int)rt_max(1, rt_min(n, RT_MAX_THREADS)); }

static void before_fork(void) { pthread_mutex_lock(&pool.mutex); }
static void after_fork_in_parent(void) { pthread_mutex_unlock(&pool.mutex); }

static void after_fork_in_child(void)
{
    pthread_mutex_init(&pool.mutex, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.finished, NULL);
    pool.started = 0;
    atomic_store(&pool.busy, false);
    atomic_store(&pool.open, false);
    atomic_store(&pool.active, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_waits, false);
}

static int usable_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int rt_pool_init(void)
{
    rt_set_num_threads(usable_cores());
    return pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) ? -1 : 0;
}
