package io.gibbon.runtime.numerics;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs golden cases through an executor and measures how far it is from them. One thread at a time.
 *
 * <p>Greedy tokens are compared one by one, each after the golden ones before it. A token disagrees
 * if it is not the most probable one although the two greatest logits are further apart than the
 * tolerance.
 */
public final class NumericsCheck {

  /** Greatest accepted difference of logits with float32 KV states. */
  public static final double DEFAULT_TOLERANCE = 2e-4;

  private static final int SLICE = 256;

  private final Model model;
  private final Executor executor;
  private final KvLayout layout;

  /**
   * The outcome of one case.
   *
   * @param name the case's name
   * @param logitDifference greatest difference of the golden logits and of the log-sum-exp
   * @param greedyAgrees whether no greedy token disagrees
   * @param firstDisagreement index of the first greedy token that disagrees, or -1
   * @param sharesDifference greatest difference of an attention share; 0 for a case without
   */
  public record Result(
      String name,
      double logitDifference,
      boolean greedyAgrees,
      int firstDisagreement,
      double sharesDifference) {

    /** Whether the case holds. */
    public boolean passes(double tolerance) {
      return logitDifference <= tolerance && greedyAgrees;
    }
  }

  /**
   * A check of an executor.
   *
   * @param layout the layout that the executor was loaded for
   */
  public NumericsCheck(Model model, Executor executor, KvLayout layout) {
    this.model = model;
    this.executor = executor;
    this.layout = layout;
  }

  /**
   * Runs all cases of a file.
   *
   * @param tolerance below which two logits count as equal for the greedy tokens
   * @throws IllegalArgumentException if the file holds no golden cases, or those of another model
   */
  public List<Result> run(Path goldenFile, double tolerance) throws IOException {
    GoldenCases golden = GoldenCases.read(goldenFile);
    if (!golden.modelSha256().equals(model.sha256())) {
      throw new IllegalArgumentException(
          "%s is for the model with SHA-256 %s, but %s has %s"
              .formatted(goldenFile, golden.modelSha256(), model.path(), model.sha256()));
    }
    return golden.cases().stream().map(c -> run(c, tolerance)).toList();
  }

  private Result run(GoldenCases.Case c, double tolerance) {
    List<KvStates> states = new ArrayList<>();
    try {
      return compare(c, sequence(c, states), tolerance);
    } finally {
      states.forEach(KvStates::close);
    }
  }

  /** Encodes what comes before the query; all states that it allocates go to {@code states}. */
  private Sequence sequence(GoldenCases.Case c, List<KvStates> states) {
    int prefixTokens = c.prefix().length;
    KvStates prefix = null;
    if (prefixTokens > 0) {
      prefix = encode(null, c.prefix(), 0, states);
    }
    int room = c.query().length + c.greedy().length;
    if (c.sequential()) {
      int[] flat = c.contexts().stream().flatMapToInt(Arrays::stream).toArray();
      KvStates own = allocate(flat.length + room, states);
      Sequence sequence = new Sequence(prefix, List.of(), own, prefixTokens, 1, 1);
      read(sequence, 0, flat);
      return sequence;
    }
    List<KvStates> contexts = new ArrayList<>();
    int longest = 0;
    for (int[] context : c.contexts()) {
      contexts.add(stored(encode(prefix, context, prefixTokens, states), states));
      longest = Math.max(longest, context.length);
    }
    KvStates own = allocate(room, states);
    return new Sequence(prefix, contexts, own, prefixTokens + longest, c.temperature(), c.scale());
  }

  private KvStates encode(
      @Nullable KvStates prefix, int[] tokens, int start, List<KvStates> states) {
    KvStates own = allocate(tokens.length, states);
    read(new Sequence(prefix, List.of(), own, start, 1, 1), 0, tokens);
    return own;
  }

  /** A context's states as they are kept. */
  private KvStates stored(KvStates working, List<KvStates> states) {
    KvStates stored = working.in(layout);
    states.add(stored);
    return stored;
  }

  private KvStates allocate(int tokens, List<KvStates> states) {
    KvStates allocated = KvStates.allocate(layout.working(), tokens);
    states.add(allocated);
    return allocated;
  }

  private void read(Sequence sequence, int first, int[] tokens) {
    for (int from = 0; from < tokens.length; from += SLICE) {
      int[] some = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + SLICE));
      executor.step(List.of(new Slice(sequence, first + from, some, null, null)));
    }
  }

  private Result compare(GoldenCases.Case c, Sequence sequence, double tolerance) {
    float[] logits = new float[model.description().vocabulary()];
    HeadShares shares = c.shares() == null ? null : HeadShares.mean(c.contexts().size());
    int next = c.sequential() ? c.contexts().stream().mapToInt(context -> context.length).sum() : 0;
    executor.step(List.of(new Slice(sequence, next, c.query(), logits, shares)));
    next += c.query().length;
    double logitDifference = logitDifference(c, logits);
    double sharesDifference = sharesDifference(c, shares);
    int disagreement = -1;
    for (int i = 0; i < c.greedy().length && disagreement < 0; i++) {
      if (disagrees(logits, c.greedy()[i], tolerance)) {
        disagreement = i;
      }
      int[] token = {c.greedy()[i]};
      executor.step(List.of(new Slice(sequence, next++, token, logits, null)));
    }
    return new Result(c.name(), logitDifference, disagreement < 0, disagreement, sharesDifference);
  }

  private static double logitDifference(GoldenCases.Case c, float[] logits) {
    double difference = Math.abs(logSumExp(logits) - c.logSumExp());
    for (int i = 0; i < c.logits().ids().length; i++) {
      int id = c.logits().ids()[i];
      if (id < 0 || id >= logits.length) {
        throw new IllegalArgumentException("token " + id + " in a vocabulary of " + logits.length);
      }
      difference = Math.max(difference, Math.abs(logits[id] - c.logits().values()[i]));
    }
    return difference;
  }

  private static double sharesDifference(GoldenCases.Case c, @Nullable HeadShares shares) {
    double difference = 0;
    for (int i = 0; shares != null && c.shares() != null && i < shares.contexts(); i++) {
      difference = Math.max(difference, Math.abs(shares.of(0)[i] - c.shares()[i]));
    }
    return difference;
  }

  private static double logSumExp(float[] logits) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      greatest = Math.max(greatest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - greatest);
    }
    return greatest + Math.log(sum);
  }

  private static boolean disagrees(float[] logits, int golden, double tolerance) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    float second = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      second = i == best ? second : Math.max(second, logits[i]);
    }
    return best != golden && logits[best] - second > tolerance;
  }
}
