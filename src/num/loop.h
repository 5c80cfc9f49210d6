/* loop.h - names and hints that loop1.inc and loop2.inc share. */
#ifndef NUM_LOOP_H
#define NUM_LOOP_H

/* OP_FN(of) is add_of_f32 where OP is add and SUFFIX is f32. */
#define OP_FN__(op, part, suffix) op##_##part##_##suffix
#define OP_FN_(op, part, suffix) OP_FN__(op, part, suffix)
#define OP_FN(part) OP_FN_(OP, part, SUFFIX)

/* Element i of the result depends on elements i alone, so the loop may become vectors even where
 * the result lies on top of an input. Clang warns of loops that call libm; that is no news. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#define EACH_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_APART _Pragma("GCC ivdep")
#endif

#endif
