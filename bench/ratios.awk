# ratios.awk - the rows of one run as a table: ours, the floor's, the ratio, and what was aimed at.
/^#/ { print; next }
NF == 4 {
    who = $1 == "weft" ? "weft" : "floor"
    name = $2
    if (name == "b_chain1000_static_order_indirect_call") name = "b_chain1000"
    else if (name ~ /^b_chain1000_/) next
    key = name "\t" $3
    if (!(key in seen)) { seen[key] = 1; order[++n] = key }
    more = $2 ~ /(per_second|_over_one_core_x)$/
    if (!((who, key) in best) || ($4 + 0 < best[who, key]) != more) best[who, key] = $4 + 0
}
BEGIN {
    aim["a_feed_add_fetch"] = "<= 0.5 (ONNX Runtime 1.94)"
    aim["a_feed_add_fetch_general_run"] = "<= 1"
    aim["b_chain1000"] = "<= 20 (ONNX Runtime 345)"
    aim["c_mlp_sgd_step_b32"] = aim["c_mlp_sgd_step_b128"] = "<= 1.15x"
    aim["d_lenet_sgd_step_b64"] = "<= 1.1x"
    aim["e_empty_loop_iteration_ns"] = "<= 120 (TensorFlow 1960)"
    aim["e_cond_over_its_branch_ns"] = "<= 300"
    aim["e_two_branches_over_one_core_x"] = ">= 1.8"
    aim["f_lstm28_fwd_bwd_b128"] = "<= 1.05x (PyTorch 1.3x)"
    aim["f_loop_lstm28_fwd_bwd_b128"] = "<= 1.3x (PyTorch 1.3x)"
    aim["i_build_100000_adds_ms"] = "<= 60 (TensorFlow 1.12 568)"
    aim["i_memory_of_100000_adds_mb"] = "<= 50 (290)"
    aim["i_free_100000_adds_ms"] = "<= 15 (359)"
    aim["j_new_session_first_run_1000_nodes"] = "<= 1500 (343000)"
    aim["h_resident_mb_of_tiny_program"] = "<= 12 (ONNX Runtime 21.7)"
    aim["l_load_100mb_graph_ms"] = "<= 1.5x of reading and copying it"
    aim["l_peak_of_loading_100mb_in_files"] = "<= 2.2"
    aim["l_memory_of_100mb_graph_in_files"] = "<= 1.1"
    aim["l_import_10000_nodes_ms"] = "<= 30"
    aim["m_pipeline_elements_per_second"] = ">= 1000000 on one core"
    aim["k_python_session_run"] = "<= 4 (PyTorch eager 5.83)"
    aim["k_python_make_callable"] = "<= 2"
    aim["k_python_constants_per_second"] = ">= 200000"
    aim["k_python_adds_per_second"] = ">= 100000"
    aim["k_python_import_ms"] = "<= 40 beyond NumPy"
    aim["k_python_resident_mb_beyond_numpy"] = "<= 15"
    aim["k_python_feed_fetch_100mb_us"] = "at most two copies: 2x the row below"
    aim["checkpoint_write_ms"] = "<= 2x cp, sync and CRC"
    aim["checkpoint_read_ms"] = "<= 2x cp and CRC"
    aim["h_start_to_end_of_tiny_program_ms"] = "<= 15 (ONNX Runtime 32)"
}
END {
    printf "%-40s %3s %12s %12s %7s  %s\n", "workload (us unless it says)", "thr", "weft", "hand-C", "ratio", "aim"
    for (i = 1; i <= n; i++) {
        split(order[i], k, "\t")
        if (!(("weft", order[i]) in best)) continue
        us = best["weft", order[i]]
        sub(/^f_loop_/, "f_", order[i])         # the same in straight C
        floor = (("floor", order[i]) in best) ? best["floor", order[i]] : 0
        printf "%-40s %3s %12.4g %12s %7s  %s\n", k[1], k[2], us, floor ? sprintf("%.4g", floor) : "-", \
               floor ? sprintf("%.2f", us / floor) : "-", aim[k[1]]
    }
}
