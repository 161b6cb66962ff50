package io.gibbon.runtime.sampling;

import io.gibbon.runtime.kernel.Kernels;
import java.util.SplittableRandom;

/**
 * Chooses the tokens of one answer. Deterministic: the same {@link Sampling} and the same logits
 * give the same tokens. Keeps what it has chosen, for the penalties, and its scratch memory; used
 * by one thread at a time.
 */
public final class Sampler {

  private static final Kernels KERNELS = Kernels.fastest();

  private final Sampling sampling;
  private final SplittableRandom random;
  private final boolean penalised;
  private final int[] counts;
  private final float[] scores;
  private final int[] heap;

  /**
   * A sampler for one answer.
   *
   * @param vocabulary number of logits
   */
  public Sampler(Sampling sampling, int vocabulary) {
    this.sampling = sampling;
    this.random = new SplittableRandom(sampling.seed());
    this.penalised = penalises(sampling);
    boolean greedy = sampling.greedy();
    this.counts = new int[penalised ? vocabulary : 0];
    this.scores = new float[penalised || !greedy ? vocabulary : 0];
    this.heap = new int[!greedy && truncates(sampling) ? vocabulary : 0];
  }

  /**
   * How many of the greatest logits a choice depends on: among them, in order, it is that among
   * all. 0 if it depends on more than {@link TopLogits} holds.
   */
  public static int depth(Sampling sampling) {
    if (penalises(sampling)) {
      return 0;
    }
    int depth = sampling.greedy() ? 1 : sampling.topK();
    return depth <= TopLogits.MOST ? depth : 0;
  }

  private static boolean penalises(Sampling sampling) {
    return sampling.frequencyPenalty() != 0 || sampling.presencePenalty() != 0;
  }

  private static boolean truncates(Sampling sampling) {
    return sampling.topK() > 0 || sampling.topP() < 1 || sampling.minP() > 0;
  }

  /**
   * Chooses the next token; of equally probable ones the greedy choice is the lowest id.
   *
   * @param logits one for each token of the vocabulary; left as they are
   * @throws ArithmeticException if a logit is not a number or none is finite
   */
  public int next(float[] logits) {
    float[] values = penalised ? penalise(logits) : logits;
    int best = argmax(values);
    int token = sampling.greedy() ? best : draw(values, best);
    if (penalised) {
      counts[token]++;
    }
    return token;
  }

  private float[] penalise(float[] logits) {
    System.arraycopy(logits, 0, scores, 0, scores.length);
    for (int token = 0; token < scores.length; token++) {
      int count = counts[token];
      if (count > 0) {
        scores[token] -= (float) (count * sampling.frequencyPenalty() + sampling.presencePenalty());
      }
    }
    return scores;
  }

  private static int argmax(float[] values) {
    int best = -1;
    float greatest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      if (Float.isNaN(value)) {
        throw new ArithmeticException(
            "the model computed a logit that is not a number, for token " + i);
      }
      if (value > greatest) {
        greatest = value;
        best = i;
      }
    }
    if (best < 0 || greatest == Float.POSITIVE_INFINITY) {
      throw new ArithmeticException("the model computed no finite logit");
    }
    return best;
  }

  /**
   * Fills {@link #scores} with probabilities relative to the best token's and draws among those
   * kept.
   */
  private int draw(float[] values, int best) {
    float inverse = (float) (1 / sampling.temperature());
    double sum = KERNELS.exponentials(values, scores.length, values[best], inverse, scores);
    return truncates(sampling) ? drawFromTop(sum) : drawFromAll(sum);
  }

  private int drawFromAll(double sum) {
    double rest = random.nextDouble() * sum;
    int last = 0;
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] > 0) {
        last = i;
        rest -= scores[i];
        if (rest < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** The kept tokens stand at the end of {@link #heap}, the most probable last. */
  private int drawFromTop(double sum) {
    int kept = keepTop(sum);
    int end = heap.length - 1;
    double keptSum = 0;
    for (int i = 0; i < kept; i++) {
      keptSum += scores[heap[end - i]];
    }
    double rest = random.nextDouble() * keptSum;
    int i = 0;
    while (i < kept - 1 && (rest -= scores[heap[end - i]]) >= 0) {
      i++;
    }
    return heap[end - i];
  }

  /** How many tokens top-k, top-p and min-p leave, at least one. */
  private int keepTop(double sum) {
    heapify();
    int limit = heap.length;
    int popped = 0;
    double total = sum;
    if (sampling.topK() > 0) {
      limit = Math.min(sampling.topK(), heap.length);
      total = 0;
      for (; popped < limit; popped++) {
        total += scores[pop(popped)];
      }
    }
    double cumulative = 0;
    int kept = 0;
    while (kept < limit && cumulative < sampling.topP() * total) {
      if (kept == popped) {
        pop(popped++);
      }
      float score = scores[heap[heap.length - 1 - kept]];
      if (kept > 0 && score < sampling.minP()) {
        break;
      }
      cumulative += score;
      kept++;
    }
    return kept;
  }

  private void heapify() {
    for (int i = 0; i < heap.length; i++) {
      heap[i] = i;
    }
    for (int i = heap.length / 2 - 1; i >= 0; i--) {
      siftDown(i, heap.length);
    }
  }

  /**
   * Moves the most probable token of the heap behind it, where {@code popped} others already are.
   */
  private int pop(int popped) {
    int size = heap.length - 1 - popped;
    int token = heap[0];
    heap[0] = heap[size];
    heap[size] = token;
    siftDown(0, size);
    return token;
  }

  private void siftDown(int parent, int size) {
    int token = heap[parent];
    int child = 2 * parent + 1;
    while (child < size) {
      if (child + 1 < size && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], token)) {
        break;
      }
      heap[parent] = heap[child];
      parent = child;
      child = 2 * parent + 1;
    }
    heap[parent] = token;
  }

  private boolean before(int a, int b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  }
}
