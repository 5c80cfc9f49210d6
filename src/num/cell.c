#include "num/cell.h"

#include "num/cell_isa.h"
#include "num/isa.h"

static const struct cell_loops *loops(void)
{
#ifdef __x86_64__
    static const struct cell_loops *const of[] = { &cell_loops_base, &cell_loops_avx2,
                                                   &cell_loops_avx512 };
    return of[isa_best()];
#else
    return &cell_loops_base;
#endif
}

void lstm_rows(const struct lstm_rows *s, int64_t begin, int64_t end)
{ loops()->lstm(s, begin, end); }

void lstm_rows_grad(const struct lstm_rows_grad *s, int64_t begin, int64_t end)
{ loops()->lstm_grad(s, begin, end); }

void gru_gates(const struct gru_gates *s, int64_t begin, int64_t end)
{ loops()->gru_gates(s, begin, end); }

void gru_rows(const struct gru_rows *s, int64_t begin, int64_t end)
{ loops()->gru(s, begin, end); }

void gru_rows_grad_c(const struct gru_rows_grad *s, int64_t begin, int64_t end)
{ loops()->gru_grad_c(s, begin, end); }

void gru_rows_grad_ru(const struct gru_rows_grad *s, int64_t begin, int64_t end)
{ loops()->gru_grad_ru(s, begin, end); }
