/* y = 2 x + 1, found again from noisy points: 1000 epochs in one session. */
#include "lesson.h"

int main(void)
{
    enum { N = 100 };
    float xs[N], ys[N];
    for (int i = 0; i < N; i++) {
        xs[i] = (float)i / N;
        ys[i] = 2 * xs[i] + 1 + .1f * (float)((i * 37 % 21) - 10) / 10;
    }
    struct weft_tensor *tx, *ty, *loss_value;
    weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ N, 1 }, xs, &tx));
    weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ N, 1 }, ys, &ty));
    struct weft_out x = weft_placeholder(NULL, WEFT_FLOAT), y = weft_placeholder(NULL, WEFT_FLOAT);
    struct weft_out zero = weft_zeros(NULL, WEFT_FLOAT, 2, (int64_t[]){ 1, 1 });
    struct weft_variable w = weft_variable_new(NULL, "w", zero, 0);
    struct weft_variable b = weft_variable_new(NULL, "b", zero, 0);
    struct weft_out line = weft_add(NULL, weft_mat_mul(NULL, x, w.value), b.value);
    struct weft_out loss = weft_mean(NULL, weft_square(NULL, weft_sub(NULL, line, y)),
                                     weft_vector(NULL, WEFT_INT32, 2, (double[]){ 0, 1 }));
    struct weft_optimizer *sgd = weft_gradient_descent(.1);
    struct weft_node *train = weft_minimize(sgd, loss, NULL, 0, NULL);
    struct weft_session *s = session_on(NULL);
    weft_check(weft_session_do(s, weft_variables_initializer(NULL)));
    for (int epoch = 1; epoch <= 1000; epoch++) {
        weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ x, tx }, { y, ty }), &loss, 1, &train, 1,
                                    &loss_value));
        if (epoch == 1 || epoch % 250 == 0)
            printf("epoch %4d  loss %.4f\n", epoch, weft_tensor_number(loss_value, 0));
        weft_tensor_free(loss_value);
    }
    printf("w = %.2f, b = %.2f\n", eval(s, w.value), eval(s, b.value));
    weft_optimizer_free(sgd);
    weft_tensor_free(tx);
    weft_tensor_free(ty);
    weft_session_free(s);
    return 0;
}
