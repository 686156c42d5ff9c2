/* Answers `capacity count {symbol arity size color}...` with what the module decides and writes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct node { int32_t symbol, arity, size, color; };

extern int32_t decide(const struct node *term);
extern int64_t rewrite(const struct node *term, struct node *out, int64_t capacity);
extern const struct { const char *text; int64_t length; } symbols[];
extern const int64_t symbol_count;

int main(void) {
    int64_t capacity, count;
    for (int64_t i = 0; i < symbol_count; i++) {
        for (int64_t j = 0; j < symbols[i].length; j++) printf("%02x", (unsigned char)symbols[i].text[j]);
        printf(i + 1 < symbol_count ? " " : "\n");
    }
    fflush(stdout);
    while (scanf("%" SCNd64 " %" SCNd64, &capacity, &count) == 2) {
        struct node *term = malloc(count * sizeof *term);
        struct node *out = malloc((capacity + 1) * sizeof *out);
        for (int64_t i = 0; i < count; i++)
            if (scanf("%" SCNd32 " %" SCNd32 " %" SCNd32 " %" SCNd32, &term[i].symbol, &term[i].arity, &term[i].size, &term[i].color) != 4)
                return 1;
        out[capacity].symbol = -77; /* Written over if the module forgets the capacity. */
        int64_t written = rewrite(term, out, capacity);
        printf("%" PRId32 " %" PRId64, decide(term), out[capacity].symbol == -77 ? written : -2);
        for (int64_t i = 0; i < written; i++)
            printf(" %" PRId32 " %" PRId32 " %" PRId32 " %" PRId32, out[i].symbol, out[i].arity, out[i].size, out[i].color);
        printf("\n");
        fflush(stdout);
        free(term);
        free(out);
    }
    return 0;
}
