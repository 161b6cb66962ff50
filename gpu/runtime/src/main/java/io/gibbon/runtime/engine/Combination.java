package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvStates;
import java.util.List;

/** How the contexts of a sequence stand to each other. */
public enum Combination {
  /** Apart: each encoded on its own, all right behind the prefix, attended to with T and S. */
  APE,
  /** In order: each encoded behind those before it, as in one prompt. T and S are 1. */
  SEQUENTIAL;

  /** Where a context begins, counted from the prefix's end. */
  public int start(List<KvStates> contexts, int context) {
    return this == APE ? 0 : tokens(contexts.subList(0, context));
  }

  /** Positions that contexts take behind the prefix: what follows them begins there. */
  public int length(List<KvStates> contexts) {
    return this == APE
        ? contexts.stream().mapToInt(KvStates::tokens).max().orElse(0)
        : tokens(contexts);
  }

  private static int tokens(List<KvStates> contexts) {
    return contexts.stream().mapToInt(KvStates::tokens).sum();
  }
}
