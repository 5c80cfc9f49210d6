/* each_undef.h - what each.h defined for one dtype goes. */
#undef T
#undef A
#undef LOAD
#undef STORE
#undef DT
#undef SUFFIX
#undef IS_FLOAT
#undef IS_HALF
#undef IS_INT
#undef IS_SIGNED
#undef IS_COMPLEX
