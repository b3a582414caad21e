/* Threads that help with a call, kept for the next ones, which soon find them awake.
 *
 * The `offer` of a helper is NULL, or a task that a call put there, or TAKEN, or DONE. A call takes back what no helper
 * took, so one that wakes late holds nobody up, and only the call itself turns DONE into NULL, so that no two mix. */
#include "helpers.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#ifndef _WIN32
#include <signal.h>
#endif

enum {
    MOST_HELPERS = 255,
    TURNS = 200, /* of a third of a microsecond before a thread sleeps: the layers of a network call one after another */
};

typedef struct {
    int (*work)(void *);
    void *argument;
} Task;

typedef struct {
    _Atomic(Task *) offer;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the offer */
} Helper;

static Task taken, done;
#define TAKEN (&taken)
#define DONE (&done)

static Helper helpers[MOST_HELPERS];
static atomic_size_t started;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

static int is_task(const Task *offer) { return offer && offer != TAKEN && offer != DONE; }
static int is_done(const Task *offer) { return offer == DONE; }

/* Returns the offer when it is as wanted. While awake it lets any other thread of its core go first. */
static Task *wait_for(Helper *helper, int (*is_wanted)(const Task *)) {
    Task *offer;
    for (int turn = 0; turn < TURNS; turn++, sched_yield())
        if (is_wanted(offer = helper->offer)) return offer;
    pthread_mutex_lock(&helper->lock);
    while (!is_wanted(offer = helper->offer)) pthread_cond_wait(&helper->changed, &helper->lock);
    pthread_mutex_unlock(&helper->lock);
    return offer;
}

/* Wakes who waits for what the offer has become. */
static void announce(Helper *helper) {
    pthread_mutex_lock(&helper->lock);
    pthread_cond_broadcast(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
}

static void *help(void *argument) {
    Helper *helper = argument;
#ifndef _WIN32
    sigset_t all; /* signals are for the threads of the program */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
#endif
    for (;;) {
        Task *task = wait_for(helper, is_task);
        if (!atomic_compare_exchange_strong(&helper->offer, &task, TAKEN)) continue;
        task->work(task->argument);
        helper->offer = DONE;
        announce(helper);
    }
    return NULL;
}

#ifndef _WIN32
/* A child process has none of the threads of its parent. */
static void forget_helpers(void) {
    started = 0;
    starting = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}
#endif

static int start(Helper *helper, Task *task) {
    pthread_t thread;
    helper->offer = task;
    helper->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    helper->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
#ifndef _WIN32
    static int is_told;
    if (!is_told && pthread_atfork(NULL, NULL, forget_helpers)) return 0;
    is_told = 1;
#endif
    return !pthread_create(&thread, NULL, help, helper) && !pthread_detach(thread);
}

/* Offers the task to an idle helper from number *next on, or to a new one; NULL where there is none. */
static Helper *offer(Task *task, size_t *next) {
    while (*next < started) {
        Helper *helper = &helpers[(*next)++];
        Task *none = NULL;
        if (!atomic_compare_exchange_strong(&helper->offer, &none, task)) continue;
        announce(helper);
        return helper;
    }
    Helper *helper = NULL;
    pthread_mutex_lock(&starting);
    if (started < MOST_HELPERS && start(&helpers[started], task)) helper = &helpers[started++];
    pthread_mutex_unlock(&starting);
    return helper;
}

void share(int (*work)(void *), void *argument, size_t most) {
    Task task = {work, argument};
    Helper *asked[MOST_HELPERS];
    size_t n = 0, next = 0;
    while (n < most && n < MOST_HELPERS && (asked[n] = offer(&task, &next))) n++;
    const int is_over = work(argument);
    for (size_t i = 0; i < n; i++) {
        Task *offered = &task;
        if (is_over && atomic_compare_exchange_strong(&asked[i]->offer, &offered, NULL)) continue; /* for others */
        wait_for(asked[i], is_done);
        asked[i]->offer = NULL;
    }
}
