/* Threads that help with a call, kept between calls. */
#ifndef ONEBIT_RF_HELPERS_H
#define ONEBIT_RF_HELPERS_H
#include <stddef.h>

/* Run work(argument) on this thread and on up to `most` helpers; return when all that began are done. `work` says
 * whether nothing is left to begin; where it does on this thread, helpers that have not come are not waited for. */
void share(int (*work)(void *), void *argument, size_t most);

#endif
