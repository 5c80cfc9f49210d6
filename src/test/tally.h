/* tally.h - how many of what passed, by op: counted in the children that run the cases, printed by
 * the test itself. */
#ifndef TEST_TALLY_H
#define TEST_TALLY_H

#include <stdbool.h>

struct tally { char op[64]; int passed, failed, missing; };

bool tally_start(void);                         /* before the first child */
struct tally *tally_of(const char *op);
void tally_end(bool print);

#endif
