package io.gibbon.server;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.Bootstrap;
import io.gibbon.runtime.calibrate.CalibrationReport;
import io.gibbon.runtime.calibrate.ContextSource;
import io.gibbon.runtime.engine.Combination;
import io.gibbon.runtime.engine.Head;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.rank.Ranking;
import io.gibbon.server.answer.Engine;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * By likelihood the last context is the best; by attention the second, and the first is hopeless,
 * but behind the best one it is the next.
 */
public final class FakeRanker implements Engine.Ranker {

  /** What a calibration finds, while it runs. */
  public volatile Supplier<CalibrationReport> calibration = () -> report(0.1, 0.9);

  /** Documents of the contexts that the latest calibration was given. */
  public volatile List<String> calibratedOn = List.of();

  /** What the latest second hop read in front of the question. */
  public volatile String behind = "";

  /** Runs before contexts are ranked, and is told whether it is wanted. */
  public volatile Consumer<BooleanSupplier> onRank = wanted -> {};

  @Override
  public Engine.Ranker asLongAs(BooleanSupplier wanted) {
    onRank.accept(wanted);
    if (!wanted.getAsBoolean()) {
      throw new CancellationException();
    }
    return this;
  }

  @Override
  public Ranking byLikelihood(List<KvStates> contexts, int[] question) {
    return new Ranking(IntStream.range(0, contexts.size()).mapToDouble(i -> i).toArray());
  }

  @Override
  public Ranking byAttention(List<KvStates> contexts, int[] question, List<Head> heads) {
    double[] scores = IntStream.range(0, contexts.size()).mapToDouble(i -> -i).toArray();
    scores[0] = Double.NEGATIVE_INFINITY;
    return new Ranking(scores);
  }

  @Override
  public Ranking behind(
      Ranking first, int[] words, List<KvStates> contexts, int[] question, List<Head> heads) {
    behind = new String(words, 0, words.length);
    double[] scores = IntStream.range(0, contexts.size()).mapToDouble(i -> -i).toArray();
    scores[first.order().getFirst()] = Double.POSITIVE_INFINITY;
    return new Ranking(scores);
  }

  @Override
  public List<double[]> citations(
      List<KvStates> contexts,
      Combination combination,
      int[] query,
      int[] answer,
      List<Integer> ends,
      List<Head> heads) {
    double[] shares = new double[contexts.size()];
    shares[contexts.size() - 1] = 1;
    return ends.stream().map(end -> shares).toList();
  }

  @Override
  public CalibrationReport calibrate(ContextSource source, long seed, DoubleConsumer progress) {
    calibratedOn = source.contexts().stream().map(ContextSource.Context::document).toList();
    progress.accept(0.5);
    return calibration.get();
  }

  /**
   * A calibration's result.
   *
   * @param low the least that T and S gain
   * @param precision part of the questions whose context the heads find
   */
  public static CalibrationReport report(double low, double precision) {
    Calibration found = new Calibration(0.7, 0.9, List.of(new Head(0, 0)));
    return new CalibrationReport(found, 0.2, new Bootstrap.Interval(low, 0.3), -1, precision, 12);
  }
}
