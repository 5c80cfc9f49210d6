# ops.awk - the lines of bench-ops as a table: a line of ops.txt a line, the best of all rounds.
# A ratio is to the floor that was measured beside it. Lines of torch_ops.py may follow: then the
# ratio to PyTorch stands there too.
BEGIN { FS = "\t" }
NF == 7 {
    split($3, at, " ")
    key = at[1] " " at[2] " " $4
    who = $5 == "torch" ? "torch" : "ours"
    if (!(at[1] in op)) { order[++n] = at[1]; op[at[1]] = $1 }
    inputs[at[1], at[2]] = $2
    if (who == "torch") torches = 1
    else { kind[at[1]] = $5; least("floor", key, $6) }
    least(who, key, $7)
}
function least(what, key, us) { if (!((what, key) in best) || us + 0 < best[what, key]) best[what, key] = us + 0 }
function us(what, line, size) { return best[what, line " " size] }
function ratio(over, under) { return over && under ? sprintf("%.2f", over / under) : "-" }
function short(text, most) { return length(text) > most ? substr(text, 1, most - 2) ".." : text }
END {
    printf "\n%-30s %-28s %9s %6s %9s %6s %6s  %-9s", "op", "large inputs", "small us", "ratio", \
           "large us", "ratio", "2 thr", "floor"
    print torches ? " torch small, large, 2 thr" : ""
    for (i = 1; i <= n; i++) {
        o = order[i]
        one = us("ours", o, "large 1")
        printf "%-30s %-28s %9.3g %6s %9.4g %6s %6s  %-9s", short(op[o], 30), \
               short(inputs[o, "large"], 28), us("ours", o, "small 1"), \
               ratio(us("ours", o, "small 1"), us("floor", o, "small 1")), one, \
               ratio(one, us("floor", o, "large 1")), ratio(us("ours", o, "large 2"), one), kind[o]
        if (torches)
            printf " %8s %6s %6s", ratio(us("ours", o, "small 1"), us("torch", o, "small 1")), \
                   ratio(one, us("torch", o, "large 1")), \
                   ratio(us("ours", o, "large 2"), us("torch", o, "large 2"))
        print ""
    }
}
