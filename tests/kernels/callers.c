/* Many threads call for products at once, with numbers of helpers that vary: is every product the first one? */
#include "lookup/matrix.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { D_OUT = 640, D_IN = 192, ROWS = 3, CALLERS = 4 };

static Matrix *matrix;
static float x[ROWS * D_IN], first[ROWS * D_OUT];

static void *call(void *argument) {
    float out[ROWS * D_OUT];
    for (size_t i = 0; i < CALLS; i++) {
        memset(out, 0, sizeof out);
        if (!multiply(matrix, x, ROWS, out, 1.0, TANH, 1 + i % 5) || memcmp(out, first, sizeof out)) return argument;
    }
    return NULL;
}

int main(void) {
    static uint8_t bits[D_OUT * D_IN / 8];
    for (size_t i = 0; i < sizeof bits; i++) bits[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < ROWS * D_IN; i++) x[i] = (float)(i % 17) - 8;
    matrix = new_matrix(engine_at(0), bits, D_OUT, D_IN, NULL, 0, 3);
    if (!matrix || !multiply(matrix, x, ROWS, first, 1.0, TANH, 1)) return 2;
    pthread_t callers[CALLERS];
    int wrong = 0;
    for (int i = 0; i < CALLERS; i++)
        if (pthread_create(&callers[i], NULL, call, matrix)) return 2;
    for (int i = 0; i < CALLERS; i++) {
        void *returned;
        pthread_join(callers[i], &returned);
        wrong |= returned != NULL;
    }
    free_matrix(matrix);
    return wrong;
}
