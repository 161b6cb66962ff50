package io.gibbon.runtime;

import io.gibbon.runtime.kv.KvLayout;

/**
 * One model with its prefix and KV format. States of different profiles never mix: the fingerprint
 * is part of the key of everything stored.
 *
 * @param model the name clients ask for, such as {@code smollm2-135m-instruct}
 * @param fingerprint 16 hexadecimal digits over model file, prefix tokens, prompt format, KV format
 *     and its version
 * @param layout shape and byte layout of KV states
 * @param prefixTokens length of the shared prefix, the position at which every context starts
 * @param window the model's window in tokens
 * @param contextTokens the most tokens one context may have
 */
public record Profile(
    String model,
    String fingerprint,
    KvLayout layout,
    int prefixTokens,
    int window,
    int contextTokens) {}
