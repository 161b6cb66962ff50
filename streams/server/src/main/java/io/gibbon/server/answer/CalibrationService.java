package io.gibbon.server.answer;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.CalibrationReport;
import io.gibbon.runtime.calibrate.TooFewDocumentsException;
import io.gibbon.topology.SearchResult;
import io.gibbon.topology.StateReader;
import io.gibbon.topology.StateUnavailableException;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calibrates the model on documents that are stored, while it answers. One calibration at a time;
 * what it finds is told to all instances. Thread-safe.
 */
public final class CalibrationService implements AutoCloseable {

  /** Contexts that questions are drawn from; only those drawn are read. */
  private static final int MOST_CONTEXTS = 1000;

  private static final Logger LOG = LoggerFactory.getLogger(CalibrationService.class);

  private final Engine engine;
  private final StateReader states;
  private volatile Status status = Status.IDLE;
  private volatile boolean closing;

  /** How far a calibration has come. */
  public enum State {
    /** None was asked for. */
    IDLE,
    /** On its way. */
    RUNNING,
    /** It has ended well. */
    DONE,
    /** It has ended without a result. */
    FAILED
  }

  /**
   * A snapshot.
   *
   * @param seed that it draws by, or null if there was none
   * @param progress part that is done, from 0 to 1
   * @param report what was found, once done
   * @param complete whether it was drawn from all documents, and not only from those of the
   *     partitions that are here
   * @param reason why it failed
   */
  public record Status(
      State state,
      @Nullable Long seed,
      double progress,
      @Nullable CalibrationReport report,
      boolean complete,
      @Nullable String reason) {

    private static final Status IDLE = new Status(State.IDLE, null, 0, null, true, null);

    private static Status running(long seed, double progress) {
      return new Status(State.RUNNING, seed, progress, null, true, null);
    }

    private static Status failed(long seed, String reason) {
      return new Status(State.FAILED, seed, 0, null, true, reason);
    }
  }

  /** A service over the topology's states. */
  public CalibrationService(Engine engine, StateReader states) {
    this.engine = engine;
    this.states = states;
  }

  /** How far the latest calibration has come. */
  public Status status() {
    return status;
  }

  /**
   * Starts a calibration and returns at once.
   *
   * @param collection whose documents to learn from, or null for all
   * @param seed of the contexts and the questions drawn: the same of the same documents here
   * @throws RequestException if one is running, or the server restores its state
   */
  public synchronized void start(@Nullable String collection, long seed) {
    if (status.state() == State.RUNNING) {
      throw RequestException.refused(
          409, "calibrating", "A calibration is running already; wait for its end.");
    }
    if (!states.ready()) {
      throw RequestException.unavailable(
          "not_ready", "The server is restoring its state; try again in a moment.");
    }
    status = Status.running(seed, 0);
    Thread.ofVirtual().name("gibbon-calibration").start(() -> run(collection, seed));
  }

  private void run(@Nullable String collection, long seed) {
    try {
      SearchResult sample = states.sample(collection, MOST_CONTEXTS, seed);
      StoredContexts contexts =
          new StoredContexts(new ContextStates(engine, states), sample.candidates());
      CalibrationReport report =
          engine.ranker().calibrate(contexts, seed, part -> progress(seed, part));
      report.applied(states.calibration()).ifPresent(this::keep);
      status = new Status(State.DONE, seed, 1, report, sample.complete(), null);
    } catch (TooFewDocumentsException | StateUnavailableException | CancellationException e) {
      status = Status.failed(seed, String.valueOf(e.getMessage()));
    } catch (Throwable e) {
      LOG.warn("A calibration failed", e);
      status = Status.failed(seed, RequestException.of(e).getMessage());
    }
  }

  private void keep(Calibration calibration) {
    states.keep(calibration);
    LOG.info(
        "Calibrated: T {}, S {}, heads {}",
        calibration.attentionTemperature(),
        calibration.scalingFactor(),
        calibration.heads());
  }

  private void progress(long seed, double part) {
    if (closing) {
      throw new CancellationException("the server is stopping");
    }
    status = Status.running(seed, part);
  }

  /** Ends a calibration that runs; nothing of it is kept. */
  @Override
  public void close() {
    closing = true;
  }
}
