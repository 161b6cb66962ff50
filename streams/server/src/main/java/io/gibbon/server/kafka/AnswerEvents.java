package io.gibbon.server.kafka;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.schemas.ContextCandidate;
import io.gibbon.schemas.ContextSelection;
import io.gibbon.schemas.ContextShare;
import io.gibbon.schemas.GenerationError;
import io.gibbon.schemas.GenerationEvent;
import io.gibbon.schemas.GenerationEventKind;
import io.gibbon.schemas.SentenceCitation;
import io.gibbon.schemas.Timings;
import io.gibbon.schemas.Usage;
import io.gibbon.schemas.serde.RecordFormat;
import io.gibbon.server.answer.AnswerEnd;
import io.gibbon.server.answer.AnswerListener;
import io.gibbon.server.answer.AnswerStart;
import io.gibbon.server.answer.Citation;
import io.gibbon.server.answer.ContextUse;
import io.gibbon.server.answer.RequestException;
import io.gibbon.server.answer.Selected;
import io.gibbon.topology.ContextRef;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/** Writes one attempt at an answer as events. */
final class AnswerEvents implements AnswerListener {

  private static final GenerationError TOO_LARGE =
      new GenerationError(
          "event_too_large", "The last event of the answer is larger than Kafka takes.", null);

  private final EventSink sink;
  private final RecordFormat format;
  private final String requestId;
  private final int attempt;
  private final String model;
  private final Ending ending;
  private int sequence;
  private volatile boolean abandoned;

  /** Why Kafka did not take a token: without it the answer is not whole. */
  private volatile @Nullable Exception lost;

  /** Told how an attempt ended. Must not block. */
  interface Ending {

    /** The last event is written, or Kafka did not take it. */
    void written(@Nullable Exception failure);

    /** Nothing was written: there is no room now, or the server is not ready. */
    void postponed();
  }

  /** Events in the format of their question, so that whoever asked can read them. */
  AnswerEvents(
      EventSink sink,
      RecordFormat format,
      String requestId,
      int attempt,
      String model,
      Ending ending) {
    this.sink = sink;
    this.format = format;
    this.requestId = requestId;
    this.attempt = attempt;
    this.model = model;
    this.ending = ending;
  }

  /** Writes nothing from now on: another attempt will. Thread-safe. */
  void abandon() {
    abandoned = true;
  }

  @Override
  public void onStart(AnswerStart start) {}

  @Override
  public void onToken(GeneratedToken token) {
    if (!token.text().isEmpty()) {
      send(event(GenerationEventKind.TOKEN).setDelta(token.text()), this::noteLoss);
    }
  }

  private void noteLoss(@Nullable Exception failure) {
    if (failure != null && lost == null) {
      lost = failure;
    }
  }

  @Override
  public void onEnd(AnswerEnd end) {
    sendLast(
        event(GenerationEventKind.END)
            .setDelta(end.text())
            .setFinishReason(end.finishReason() == FinishReason.LENGTH ? "length" : "stop")
            .setUsage(
                new Usage(end.usage().query(), end.usage().cached(), end.usage().completion()))
            .setContexts(shares(end.contexts()))
            .setCombine(name(end.combination()))
            .setSelection(selection(end.selected()))
            .setCitations(end.citations().stream().map(AnswerEvents::citation).toList())
            .setPartial(!end.complete())
            .setTimings(timings(end)),
        failure -> ending.written(failure == null ? lost : failure));
  }

  @Override
  public void onError(RequestException error) {
    boolean later = error.code().equals("overloaded") || error.code().equals("not_ready");
    if (later && sequence == 0) {
      ending.postponed();
    } else {
      sendLast(
          event(GenerationEventKind.ERROR)
              .setError(
                  new GenerationError(
                      error.code(), String.valueOf(error.getMessage()), error.param())),
          ending::written);
    }
  }

  private GenerationEvent.Builder event(GenerationEventKind kind) {
    return event(kind, sequence++);
  }

  private GenerationEvent.Builder event(GenerationEventKind kind, int number) {
    return GenerationEvent.newBuilder()
        .setRequestId(requestId)
        .setAttempt(attempt)
        .setSequence(number)
        .setModel(model)
        .setContexts(List.of())
        .setCitations(List.of())
        .setKind(kind);
  }

  /** What is too large will never be taken: a short error is written in its place. */
  private void sendLast(GenerationEvent.Builder last, Consumer<@Nullable Exception> written) {
    GenerationEvent.Builder instead =
        event(GenerationEventKind.ERROR, last.getSequence()).setError(TOO_LARGE);
    send(
        last,
        failure -> {
          if (failure instanceof RecordTooLargeException) {
            send(instead, ending::written);
          } else {
            written.accept(failure);
          }
        });
  }

  private void send(GenerationEvent.Builder event, Consumer<@Nullable Exception> done) {
    if (!abandoned) {
      sink.send(event.build(), format, done);
    }
  }

  private static List<ContextShare> shares(List<ContextUse> uses) {
    return uses.stream().map(AnswerEvents::share).toList();
  }

  private static ContextShare share(ContextUse use) {
    ContextRef ref = use.candidate().context();
    return ContextShare.newBuilder()
        .setCollection(ref.document().collection())
        .setId(ref.document().id())
        .setIndex(ref.index())
        .setTitle(use.candidate().title())
        .setTokens(ref.tokens())
        .setShare(use.share())
        .build();
  }

  private static ContextSelection selection(Selected selected) {
    return ContextSelection.newBuilder()
        .setBy(name(selected.by()))
        .setCandidates(selected.candidates().stream().map(AnswerEvents::candidate).toList())
        .setHops(selected.hops())
        .setMillis(millis(selected.time()))
        .build();
  }

  private static ContextCandidate candidate(Selected.Candidate one) {
    return new ContextCandidate(one.context().toString(), one.score(), one.secondScore());
  }

  private static SentenceCitation citation(Citation citation) {
    boolean repeats = citation.from() >= 0;
    return SentenceCitation.newBuilder()
        .setStart(citation.start())
        .setEnd(citation.end())
        .setContext(citation.context().toString())
        .setShare(citation.share())
        .setContextStart(repeats ? (Integer) citation.from() : null)
        .setContextEnd(repeats ? (Integer) citation.to() : null)
        .build();
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static Timings timings(AnswerEnd end) {
    AnswerEnd.Timings timings = end.timings();
    return new Timings(
        millis(end.started()), millis(timings.firstToken()), millis(timings.total()));
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }
}
