/* Products of one engine where there is no Python: `products ENGINE THREADS < cases > products`.
 *
 * A case is int64 d_out, d_in, rows, groups; the bits, d_out rows of ceil(d_in/8) bytes; scales, float32 (groups,
 * d_out); x, float32 (rows, d_in). Its products are x Wᵀ, float32 (rows, d_out), with 0, 1, 2 and 3 planes, each
 * followed by the φ of number planes + 1 of the product with these scales. Arrays have
 * their exact sizes, for sanitizers to see. */
#include "lookup/matrix.h"
#include <stdio.h>
#include <stdlib.h>

static void *get(size_t bytes) {
    void *array = malloc(bytes);
    if (!array || fread(array, 1, bytes, stdin) != bytes) exit(2);
    return array;
}

static void do_case(const Engine *engine, size_t threads, size_t d_out, size_t d_in, size_t rows,
                    size_t groups) {
    uint8_t *bits = get(d_out * ((d_in + 7) / 8));
    float *scales = get(groups * d_out * sizeof *scales);
    float *x = get(rows * d_in * sizeof *x), *out = malloc(rows * d_out * sizeof *out);
    for (int planes = FLOAT; planes <= 3; planes++)
        for (int is_finished = 0; is_finished < 2; is_finished++) {
            Matrix *m = new_matrix(engine, bits, d_out, d_in, is_finished ? scales : NULL, groups, planes);
            const int activation = is_finished ? planes + 1 : IDENTITY;
            if (!out || !m || !multiply(m, x, rows, out, 1.0, activation, threads)) exit(2);
            fwrite(out, sizeof *out, rows * d_out, stdout);
            free_matrix(m);
        }
    free(out), free(x), free(scales), free(bits);
}

int main(int n_arguments, char **arguments) {
    if (n_arguments != 3) return 2;
    int64_t sizes[4];
    for (int i = 0; engine_at(i); i++)
        if (!strcmp(engine_at(i)->name, arguments[1])) {
            while (fread(sizes, sizeof *sizes, 4, stdin) == 4)
                do_case(engine_at(i), strtoul(arguments[2], NULL, 10), sizes[0], sizes[1], sizes[2], sizes[3]);
            return 0;
        }
    fprintf(stderr, "this processor has no engine %s\n", arguments[1]);
    return 1;
}
