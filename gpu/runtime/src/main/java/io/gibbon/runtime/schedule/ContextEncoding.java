package io.gibbon.runtime.schedule;

import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvStates;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One context on its way through the model. */
final class ContextEncoding implements Work {

  private final EncodingJob job;
  private final int index;
  private final int[] tokens;
  private final Sequence sequence;
  private int filled;
  private int running;
  private boolean finished;

  ContextEncoding(
      EncodingJob job, int index, int[] tokens, @Nullable KvStates prefix, KvStates own) {
    this.job = job;
    this.index = index;
    this.tokens = tokens;
    int start = prefix == null ? 0 : prefix.tokens();
    this.sequence = new Sequence(prefix, List.of(), own, start, 1, 1);
  }

  @Override
  public int remaining() {
    return tokens.length - filled;
  }

  @Override
  public Slice slice(int rows) {
    running = rows;
    return new Slice(
        sequence, filled, Arrays.copyOfRange(tokens, filled, filled + rows), null, null);
  }

  @Override
  public void advance() {
    filled += running;
    if (filled == tokens.length) {
      finished = true;
      job.deliver(new EncodedContext(index, job.count(), job.text(index), sequence.own()));
    }
  }

  @Override
  public void fail(RuntimeException error) {
    if (!finished) {
      abandon();
    }
    job.fail(error);
  }

  /** Frees the states, if the job's owner no longer wants them. */
  void abandonIfUnwanted() {
    if (!finished && !job.wanted()) {
      abandon();
    }
  }

  /** Frees the states. */
  void abandon() {
    finished = true;
    sequence.own().close();
  }

  @Override
  public boolean finished() {
    return finished;
  }
}
