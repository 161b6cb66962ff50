package io.gibbon.cli.client;

import io.gibbon.cli.UserException;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.runtime.GenerationListener;
import io.gibbon.runtime.GenerationResult;
import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.sampling.Sampling;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A model in this process, without a server and without documents. Used by one thread. */
public final class LocalModel implements AutoCloseable {

  private final GibbonConfig config;
  private final ModelRuntime runtime;

  /** Opens a model file with the runtime's settings of a configuration. */
  public LocalModel(GibbonConfig config, Path file) {
    this.config = config;
    this.runtime = ModelRuntime.open(config.runtime(file));
  }

  /**
   * Asks, and reads the answer as it is written.
   *
   * @param maxTokens the most tokens of the answer; null for the configuration's default
   * @param onText is given every piece of text as it comes, on another thread
   * @throws UserException if question and answer do not fit into the model's window
   */
  public Answer ask(String question, @Nullable Integer maxTokens, Consumer<String> onText) {
    Reading reading = new Reading(onText);
    try {
      runtime.generate(task(question, maxTokens), reading);
      return reading.answer.join();
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    } catch (CompletionException e) {
      throw new UserException("the model gave up: " + e.getCause().getMessage(), e);
    }
  }

  private GenerationTask task(String question, @Nullable Integer maxTokens) {
    int[] query = runtime.chat().query(List.of(ChatMessage.user(question)), false);
    int room = runtime.profile().window() - runtime.profile().prefixTokens() - query.length;
    if (room < 1) {
      throw new UserException(
          "the question has %,d tokens, too many for the model's window of %,d"
              .formatted(query.length, runtime.profile().window()));
    }
    Sampling sampling =
        new Sampling(config.server().temperature(), 0, 1, 0, 0, 0, System.nanoTime());
    int most = maxTokens == null ? Math.min(config.server().maxTokens(), room) : maxTokens;
    List<int[]> lookups = List.of(query);
    return new GenerationTask(
        List.of(),
        Combination.APE,
        true,
        query,
        1,
        1,
        sampling,
        most,
        List.of(),
        0,
        false,
        lookups);
  }

  /** Frees the model. */
  @Override
  public void close() {
    runtime.close();
  }

  /** Collects one answer; told by the runtime's thread. */
  private static final class Reading implements GenerationListener {

    private final Consumer<String> onText;
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();
    private final long start = System.nanoTime();
    private @Nullable Duration firstToken;

    Reading(Consumer<String> onText) {
      this.onText = onText;
    }

    @Override
    public void onToken(GeneratedToken token) {
      if (firstToken == null) {
        firstToken = elapsed();
      }
      tell(token.text());
    }

    @Override
    public void onEnd(GenerationResult result) {
      tell(result.text());
      Duration total = elapsed();
      answer.complete(
          new Answer(
              text.toString(),
              result.finishReason().name().toLowerCase(Locale.ROOT),
              List.of(),
              List.of(),
              result.queryTokens() + result.cachedTokens(),
              result.cachedTokens(),
              result.completionTokens(),
              firstToken == null ? total : firstToken,
              total));
    }

    @Override
    public void onError(RuntimeException error) {
      answer.completeExceptionally(error);
    }

    private void tell(String piece) {
      if (!piece.isEmpty()) {
        text.append(piece);
        onText.accept(piece);
      }
    }

    private Duration elapsed() {
      return Duration.ofNanos(System.nanoTime() - start);
    }
  }
}
