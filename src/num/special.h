/* special.h - special functions that libm does not have, in double. Where TensorFlow gives no
 * number they give NAN. Any thread. */
#ifndef NUM_SPECIAL_H
#define NUM_SPECIAL_H

double digamma(double x);               /* the derivative of lgamma */
double polygamma(double n, double x);   /* the n-th derivative of digamma */
double zeta(double x, double q);        /* Hurwitz: the sum of (q + k)^-x for k >= 0 */

double igamma(double a, double x);      /* the lower incomplete gamma function, regularized */
double igammac(double a, double x);     /* 1 - igamma(a, x), exact where that is small */
double igamma_by_a(double a, double x); /* the derivative of igamma by a */
double gamma_by_alpha(double alpha, double sample);     /* how a sample moves with its alpha */

double betainc(double a, double b, double x);   /* the incomplete beta function, regularized */

double bessel_i0e(double x);            /* exp(-|x|) I0(x), and I1 */
double bessel_i1e(double x);

#endif
