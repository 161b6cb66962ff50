package io.gibbon.bench;

import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.ContextRanker;
import io.gibbon.runtime.sampling.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** What is measured, once: documents encoded, short questions answered. */
final class Workload {

  private static final int QUESTION_TOKENS = 32;
  private static final int QUESTION_WORDS = 12;

  /** Random tokens, so that the model does not end its turn. */
  private static final Sampling ANY = new Sampling(2, 0, 1, 0, 0, 0, 1);

  private final ModelRuntime runtime;
  private final int contextTokens;

  /** Works with contexts of about so many tokens. */
  Workload(ModelRuntime runtime, int contextTokens) {
    this.runtime = runtime;
    this.contextTokens = contextTokens;
  }

  /** Contexts of at least about {@code tokens} in all; the caller closes them. */
  List<KvStates> contexts(int tokens) {
    int tokensEach = runtime.tokenizer().encode(Corpus.document(words(), 0).text()).length;
    return encoded(Math.ceilDiv(tokens, tokensEach));
  }

  private int words() {
    return contextTokens * 3 / 4;
  }

  /** So many contexts; the caller closes them. */
  List<KvStates> encoded(int count) {
    List<EncodeJob> jobs =
        IntStream.range(0, count)
            .mapToObj(i -> runtime.encode(Corpus.document(words(), i)))
            .toList();
    List<KvStates> contexts = new ArrayList<>();
    for (EncodeJob job : jobs) {
      collect(job, contexts);
    }
    return contexts;
  }

  /** Tokens encoded a second, contexts batched. */
  double encode(int tokens) {
    long start = System.nanoTime();
    List<KvStates> contexts = contexts(tokens);
    double seconds = seconds(start);
    contexts.forEach(KvStates::close);
    return tokens(contexts) / seconds;
  }

  /** Seconds that encoding so many contexts takes. */
  double encodingSeconds(int count) {
    long start = System.nanoTime();
    List<KvStates> contexts = encoded(count);
    double seconds = seconds(start);
    contexts.forEach(KvStates::close);
    return seconds;
  }

  /** Seconds that choosing among contexts takes, by heads at two thirds of the model's depth. */
  double selectionSeconds(List<KvStates> contexts) {
    int layer = 2 * runtime.profile().layout().layers() / 3;
    int[] question = runtime.chat().opening(Corpus.document(QUESTION_WORDS, 0).text());
    long start = System.nanoTime();
    var unused =
        new ContextRanker(runtime.reader())
            .byAttention(contexts, question, List.of(new Head(layer, 0), new Head(layer, 1)));
    return seconds(start);
  }

  /** Tokens written a second by one answer, from its first token to its last. */
  double decode(List<KvStates> contexts, int tokens) {
    GenerationResult result = answer(contexts, tokens);
    double seconds = result.total().minus(result.firstToken()).toNanos() / 1e9;
    return (result.completionTokens() - 1) / seconds;
  }

  /** Tokens written a second by so many answers together, from their questions to their ends. */
  double together(List<KvStates> contexts, int answers, int tokens) {
    long start = System.nanoTime();
    List<CompletableFuture<GenerationResult>> running =
        IntStream.range(0, answers).mapToObj(i -> begin(contexts, tokens)).toList();
    int written = running.stream().mapToInt(r -> r.join().completionTokens()).sum();
    return written / seconds(start);
  }

  /** A short question over these contexts, answered. */
  GenerationResult answer(List<KvStates> contexts, int tokens) {
    return begin(contexts, tokens).join();
  }

  private CompletableFuture<GenerationResult> begin(List<KvStates> contexts, int tokens) {
    int[] words = runtime.tokenizer().encode(Corpus.document(QUESTION_TOKENS, 0).text());
    GenerationTask task =
        new GenerationTask(
            contexts,
            Combination.APE,
            true,
            Arrays.copyOf(words, QUESTION_TOKENS),
            0.8,
            1,
            ANY,
            tokens,
            List.of(),
            0,
            false,
            List.of());
    CompletableFuture<GenerationResult> result = new CompletableFuture<>();
    runtime.generate(task, new Waiter(result));
    return result;
  }

  private record Waiter(CompletableFuture<GenerationResult> result) implements GenerationListener {

    @Override
    public void onToken(GeneratedToken token) {}

    @Override
    public void onEnd(GenerationResult end) {
      result.complete(end);
    }

    @Override
    public void onError(RuntimeException error) {
      result.completeExceptionally(error);
    }
  }

  private static void collect(EncodeJob job, List<KvStates> contexts) {
    while (!job.isDone()) {
      EncodedContext context = job.poll();
      if (context != null) {
        contexts.add(context.states());
        continue;
      }
      RuntimeException failure = job.failure();
      if (failure != null) {
        contexts.forEach(KvStates::close);
        throw failure;
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /** Tokens of all contexts. */
  static int tokens(List<KvStates> contexts) {
    return contexts.stream().mapToInt(KvStates::tokens).sum();
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
