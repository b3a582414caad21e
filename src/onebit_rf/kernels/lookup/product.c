/* The product of a tile of rows and a panel of outputs, and the threads that share those out. */
#include "helpers.h"
#include "matrix.h"
#include <stdatomic.h>

/* Weights × rows that pay for a thread: asking one that sleeps takes 10 µs, in which the AVX-512 engine does 2^21. */
#ifndef WORTH_A_THREAD
#define WORTH_A_THREAD (1 << 23)
#endif

typedef struct {
    const Matrix *matrix;
    const float *x;
    float *out;
    double scale;
    int activation, planes;
    size_t group; /* words of inputs that share scales */
    size_t rows, panel, panels, items; /* an item is a tile of rows × a panel of blocks */
    atomic_size_t next;
} Job;

typedef struct {
    uint8_t tables[2 * TABLE_BYTES]; /* first, so that it inherits the alignment */
    float x[CHUNK * 32];
    int32_t acc[];
} Scratch;

/* Words of a chunk whose inputs share scales: a group, or what of it is in the chunk. */
typedef struct {
    size_t group, from, words;
} Part;

/* The part that begins at word `from` of a chunk; of no words at its end. */
static Part part_at(const Job *job, size_t chunk, size_t from) {
    const size_t here = chunk * CHUNK + from, group = here / job->group;
    const size_t end = MIN(MIN((chunk + 1) * CHUNK, (group + 1) * job->group), job->matrix->words);
    return (Part){group, from, end - here};
}

#define FOR_PARTS(part, job, chunk) \
    for (Part part = part_at(job, chunk, 0); part.words; part = part_at(job, chunk, part.from + part.words))

/* The inputs of one chunk, padded with zeros to whole words. */
static const float *chunk_of(const Job *job, size_t row, size_t chunk, size_t words, Scratch *scratch) {
    const size_t d_in = job->matrix->d_in, from = chunk * CHUNK * 32, n = MIN(words * 32, d_in - from);
    const float *x = job->x + row * d_in + from;
    if (n == words * 32) return x;
    memset(scratch->x, 0, sizeof scratch->x);
    return memcpy(scratch->x, x, n * sizeof *x);
}

static void float_tables(const float *x, int words, float *t) {
    for (int g = 0; g < 8 * words; g++)
        for (int e = 0; e < 16; e++) t[g * 16 + e] = signed_sum(x + 4 * g, e);
}

/* The rest for a block of sums z of `row` while they are in the first-level cache; z may be where they go. */
static void finish(const Job *job, size_t row, size_t block, const float *z) {
    const Matrix *m = job->matrix;
    const size_t from = block * BLOCK, n = MIN(BLOCK, m->d_out - from);
    float *out = job->out + row * m->d_out + from;
    if (m->groups == 1) {
        const float *scales = scales_of(m, block, 0);
        for (size_t r = 0; r < n; r++) out[r] = z[r] * scales[r];
    } else if (z != out)
        memcpy(out, z, n * sizeof *out);
    if (job->activation != IDENTITY) m->engine->activate(job->activation, out, (int)n);
}

static void float_row(const Job *job, size_t row, size_t first, size_t blocks, Scratch *scratch) {
    const Matrix *m = job->matrix;
    float *acc = (float *)scratch->acc, *t = (float *)scratch->tables;
    memset(acc, 0, blocks * BLOCK * sizeof *acc);
    for (size_t chunk = 0; chunk * CHUNK < m->words; chunk++) {
        const size_t words = MIN(CHUNK, m->words - chunk * CHUNK);
        float_tables(chunk_of(job, row, chunk, words, scratch), (int)words, t);
        for (size_t b = 0; b < blocks; b++) FOR_PARTS(part, job, chunk) {
            const uint8_t *w = pieces_of(m, chunk, first + b, words) + part.from * PIECE;
            if (m->groups <= 1) {
                m->engine->float_block(w, (int)part.words, t, acc + b * BLOCK);
                continue;
            }
            float sums[BLOCK] = {0}, *to = acc + b * BLOCK;
            const float *scales = scales_of(m, first + b, part.group);
            m->engine->float_block(w, (int)part.words, t + part.from * 128, sums);
            for (int r = 0; r < BLOCK; r++) to[r] = (float)(to[r] + (double)scales[r] * sums[r]); /* exact product */
        }
    }
    for (size_t b = 0; b < blocks; b++) {
        for (int r = 0; r < BLOCK; r++) acc[b * BLOCK + r] = (float)(job->scale * acc[b * BLOCK + r]);
        finish(job, row, first + b, acc + b * BLOCK);
    }
}

/* The factor that brings the largest table entry to the largest number of `bits` bits and a sign, or 0 where float32
 * has no such factor. One short of it for 24 bits, where the product may round up by one. */
static float grid(float largest, int bits) {
    if (largest == 0) return 1;
    double factor = ((1 << bits) - (bits > 8 ? 2 : 1)) / (double)largest;
    return largest <= FLT_MAX && factor <= FLT_MAX && factor >= FLT_MIN ? (float)factor : 0;
}

/* A block's sums are cleared just before its first chunk and combined just after its last: they are in the first-level
 * cache then, and where there is one chunk they never leave it. */
static void integer_rows(const Job *job, const size_t *row, const float *step, int n, size_t first, size_t blocks,
                         Scratch *scratch) {
    const Matrix *m = job->matrix;
    const Engine *engine = m->engine;
    const int one_chunk = m->words <= CHUNK;
    const size_t sums = (size_t)BLOCK * job->planes, stride = one_chunk ? sums : blocks * sums;
    for (size_t chunk = 0; chunk * CHUNK < m->words; chunk++) {
        const size_t words = MIN(CHUNK, m->words - chunk * CHUNK);
        const int is_last = (chunk + 1) * CHUNK >= m->words;
        for (int i = 0; i < n; i += 2) {
            const int n_x = MIN(2, n - i);
            for (int k = 0; k < n_x; k++)
                engine->tables(chunk_of(job, row[i + k], chunk, words, scratch), (int)words, step[i + k], job->planes,
                               scratch->tables + k * TABLE_BYTES);
            for (size_t b = 0; b < blocks; b++) {
                const size_t from = (first + b) * BLOCK;
                int32_t *acc = scratch->acc + (one_chunk ? 0 : i * stride + b * sums);
                for (int k = 0; chunk == 0 && k < n_x; k++) memset(acc + k * stride, 0, sums * sizeof *acc);
                engine->block(pieces_of(m, chunk, first + b, words), (int)words, scratch->tables, n_x, job->planes, acc,
                              stride);
                for (int k = 0; is_last && k < n_x; k++) {
                    float *out = job->out + row[i + k] * m->d_out + from;
                    const size_t outputs = MIN(BLOCK, m->d_out - from);
                    engine->combine(acc + k * stride, job->planes, job->scale / step[i + k], (int)outputs, out);
                    finish(job, row[i + k], first + b, out);
                }
            }
        }
    }
}

/* As above where groups of inputs have scales of their own: their sums leave the integers as soon as they are there. */
static void grouped_rows(const Job *job, const size_t *row, const float *step, int n, size_t first, size_t blocks,
                         Scratch *scratch) {
    const Matrix *m = job->matrix;
    const size_t stride = blocks * BLOCK;
    float *acc = (float *)scratch->acc, factor[TILE];
    for (int i = 0; i < n; i++) factor[i] = (float)(job->scale / step[i]);
    memset(acc, 0, n * stride * sizeof *acc);
    for (size_t chunk = 0; chunk * CHUNK < m->words; chunk++) {
        const size_t words = MIN(CHUNK, m->words - chunk * CHUNK);
        for (int i = 0; i < n; i += 2) {
            const int n_x = MIN(2, n - i);
            for (int k = 0; k < n_x; k++) {
                const float *x = chunk_of(job, row[i + k], chunk, words, scratch);
                /* Tables of a part begin where its first word has room for them, whatever room an engine takes. */
                FOR_PARTS(part, job, chunk)
                    m->engine->tables(x + part.from * 32, (int)part.words, step[i + k], job->planes,
                                      scratch->tables + k * TABLE_BYTES + part.from * WORD_TABLES);
            }
            for (size_t b = 0; b < blocks; b++) FOR_PARTS(part, job, chunk) {
                for (int r = 0; b + 1 < blocks && r < BLOCK; r += 16) /* the next block's are not near */
                    __builtin_prefetch(scales_of(m, first + b + 1, part.group) + r);
                m->engine->scaled_block(pieces_of(m, chunk, first + b, words) + part.from * PIECE, (int)part.words,
                                        scratch->tables + part.from * WORD_TABLES, n_x, job->planes,
                                        scales_of(m, first + b, part.group), factor + i, acc + i * stride + b * BLOCK,
                                        stride);
            }
        }
    }
    for (int i = 0; i < n; i++)
        for (size_t b = 0; b < blocks; b++) finish(job, row[i], first + b, acc + i * stride + b * BLOCK);
}

static void do_item(const Job *job, size_t item, Scratch *scratch) {
    const Matrix *m = job->matrix;
    const size_t first_row = item / job->panels * TILE, first = item % job->panels * job->panel;
    const size_t blocks = MIN(job->panel, m->blocks - first);
    size_t row[TILE];
    float step[TILE];
    int n = 0;
    for (size_t r = first_row; r < MIN(first_row + TILE, job->rows); r++) {
        step[n] = 0;
        if (job->planes != FLOAT)
            step[n] = grid(m->engine->largest(job->x + r * m->d_in, m->d_in), 8 * job->planes - 1);
        if (step[n] == 0)
            float_row(job, r, first, blocks, scratch);
        else
            row[n++] = r;
    }
    (m->groups > 1 ? grouped_rows : integer_rows)(job, row, step, n, first, blocks, scratch);
}

static int work(void *argument) {
    Job *job = argument;
    const size_t tile = MIN(job->rows, TILE), sums = tile * job->panel * BLOCK * (job->planes ? job->planes : 1);
    Scratch *scratch = aligned(sizeof(Scratch) + sums * sizeof(int32_t));
    if (!scratch) return 0; /* the other threads do its share */
    for (size_t item; (item = job->next++) < job->items;) do_item(job, item, scratch);
    release(scratch);
    return 1;
}

/* Threads claim items, so one that comes late does fewer. */
int multiply(const Matrix *m, const float *x, size_t rows, float *out, double scale, int activation, int planes,
             size_t threads) {
    const size_t tiles = (rows + TILE - 1) / TILE;
    threads = MIN(threads, 1 + m->blocks * BLOCK * m->words * 32 * rows / WORTH_A_THREAD);
    Job job = {.matrix = m, .x = x, .out = out, .scale = scale, .activation = activation, .planes = planes, .rows = rows};
    job.group = m->groups > 1 ? m->words / m->groups : m->words;
    job.panel = MIN(PANEL, m->blocks);
    /* Too few tiles for the threads: split the outputs. Each item builds its tables anew, so not below 8 blocks. */
    if (threads > 1 && tiles < 8 * threads) {
        const size_t shares = tiles > 1 ? 2 * threads : threads;
        const size_t fair = (m->blocks * tiles + shares - 1) / shares;
        job.panel = MIN(job.panel, fair < 8 ? 8 : fair);
    }
    job.panels = (m->blocks + job.panel - 1) / job.panel;
    job.items = tiles * job.panels;
    share(work, &job, MIN(threads, job.items) - 1);
    return job.next >= job.items;
}
