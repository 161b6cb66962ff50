package io.gibbon.runtime.engine;

import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Attention in float64, straight from the definition. A token is its key followed by its value. */
final class Reference {

  private Reference() {}

  record Attended(double[] out, double logSumExp) {}

  record Ape(double[] out, double[] shares) {}

  static Attended attend(double[] query, List<double[]> tokens, double scale) {
    int d = query.length;
    double[] scores = new double[tokens.size()];
    for (int t = 0; t < scores.length; t++) {
      for (int i = 0; i < d; i++) {
        scores[t] += query[i] * tokens.get(t)[i] * scale;
      }
    }
    double lse = LogSumExp.of(scores, 0, scores.length);
    double[] out = new double[d];
    for (int t = 0; t < scores.length; t++) {
      for (int i = 0; i < d; i++) {
        out[i] += Math.exp(scores[t] - lse) * tokens.get(t)[d + i];
      }
    }
    return new Attended(out, lse);
  }

  static Ape ape(
      double[] query, List<List<double[]>> contexts, List<double[]> others, double t, double s) {
    double scale = 1 / Math.sqrt(query.length);
    Attended other = attend(query, others, scale);
    if (contexts.isEmpty()) {
      return new Ape(other.out, new double[0]);
    }
    List<double[]> all = new ArrayList<>();
    contexts.forEach(all::addAll);
    Attended context = attend(query, all, scale / t);
    double weight = 1 / (1 + Math.exp(other.logSumExp - s * t * context.logSumExp));
    double[] out = new double[query.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = weight * context.out[i] + (1 - weight) * other.out[i];
    }
    double[] shares = new double[contexts.size()];
    for (int i = 0; i < shares.length; i++) {
      double lse = attend(query, contexts.get(i), scale / t).logSumExp;
      shares[i] = weight * Math.exp(lse - context.logSumExp);
    }
    return new Ape(out, shares);
  }

  static double[] token(KvStates states, int kvHead, int token) {
    KvLayout layout = states.layout();
    int d = layout.headDim();
    int bytes = layout.format().bytes();
    int padded = (states.tokens() + 15) / 16 * 16;
    boolean scaled = layout.format() == KvFormat.I8;
    long keys = layout.blockOffset(states.tokens(), 0, kvHead);
    long keyScales = keys + (long) padded * d * bytes;
    long values = keyScales + (scaled ? padded * 2L : 0);
    int even = (states.tokens() + 1) / 2 * 2;
    long valueScales = values + (long) even * d * bytes;
    double[] both = new double[2 * d];
    for (int i = 0; i < d; i++) {
      long keyAt = (long) token / 16 * 16 * d + i * 16L + token % 16;
      long valueAt = (long) i / 16 * 16 * even + token * 16L + i % 16;
      both[i] = number(states, keys + keyAt * bytes);
      both[d + i] = number(states, values + valueAt * bytes);
      if (scaled) {
        both[i] *= half(states, keyScales + token * 2L);
        both[d + i] *= half(states, valueScales + token * 2L);
      }
    }
    return both;
  }

  private static double number(KvStates states, long at) {
    return switch (states.layout().format()) {
      case F32 -> states.memory().get(ValueLayout.JAVA_FLOAT, at);
      case F16 -> half(states, at);
      case I8 -> states.memory().get(ValueLayout.JAVA_BYTE, at);
    };
  }

  private static double half(KvStates states, long at) {
    return Float.float16ToFloat(states.memory().get(ValueLayout.JAVA_SHORT, at));
  }
}
