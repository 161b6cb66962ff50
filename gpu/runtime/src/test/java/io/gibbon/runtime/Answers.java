package io.gibbon.runtime;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** A listener that keeps all it was told. */
public class Answers implements GenerationListener {

  private final List<GeneratedToken> tokens = new CopyOnWriteArrayList<>();
  private final CompletableFuture<GenerationResult> result = new CompletableFuture<>();

  @Override
  public void onToken(GeneratedToken token) {
    tokens.add(token);
  }

  @Override
  public void onEnd(GenerationResult end) {
    if (!result.complete(end)) {
      throw new AssertionError("ended twice");
    }
  }

  @Override
  public void onError(RuntimeException error) {
    if (!result.completeExceptionally(error)) {
      throw new AssertionError("ended twice");
    }
  }

  /** What came so far. */
  public List<GeneratedToken> tokens() {
    return tokens;
  }

  /** Ids of what came so far. */
  public List<Integer> ids() {
    return tokens.stream().map(GeneratedToken::id).toList();
  }

  /** Completed at the end. */
  public CompletableFuture<GenerationResult> result() {
    return result;
  }

  /** Waits for the end and returns the whole visible text. */
  public String text() {
    String rest = result.join().text();
    return tokens.stream().map(GeneratedToken::text).collect(Collectors.joining()) + rest;
  }
}
