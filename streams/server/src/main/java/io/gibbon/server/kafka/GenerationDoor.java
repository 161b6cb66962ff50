package io.gibbon.server.kafka;

import io.gibbon.schemas.GenerationRequest;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordFormat;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.Answer;
import io.gibbon.server.answer.AnswerService;
import io.gibbon.server.answer.RequestException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers questions over Kafka. One thread reads and commits; answers run in the {@link
 * AnswerService} that HTTP uses, and tell that thread through an inbox when their last event is
 * written. An offset is committed when it and all before it are answered, and an attempt is counted
 * and committed before it begins. While too many questions are open, or the state of one partition
 * is about to outgrow the metadata of a committed offset, partitions are paused. Partitions that
 * stay when the group changes keep their running answers.
 *
 * <p>Only {@link #close} and {@link #failure} may be called from other threads.
 */
public final class GenerationDoor implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(GenerationDoor.class);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final long POSTPONED_NANOS = Duration.ofMillis(200).toNanos();
  private static final int MOST_ATTEMPTS = 5;
  private static final int MOST_ID_LENGTH = 1024;

  private final ServerConfig config;
  private final AnswerService answers;
  private final String model;
  private final QuestionReader reader;
  private final EventSink sink;
  private final Consumer<byte[], byte[]> consumer;
  private final Deserializer<GenerationRequest> deserializer =
      RecordSerde.of(GenerationRequest.class).deserializer();
  private final Thread thread;
  private final Queue<Runnable> inbox = new ConcurrentLinkedQueue<>();
  private final Map<TopicPartition, PartitionProgress> partitions = new HashMap<>();
  private final Set<TopicPartition> fresh = new HashSet<>();
  private final Deque<Open> waiting = new ArrayDeque<>();
  private final List<Open> running = new ArrayList<>();
  private boolean uncommitted;
  private volatile boolean closing;
  private volatile @Nullable Throwable failure;

  /** A question that was read and is not answered yet. */
  private static final class Open {
    final ConsumerRecord<byte[], byte[]> record;
    final PartitionProgress progress;
    int attempt;
    long notBefore = System.nanoTime();
    @Nullable AnswerEvents events;
    @Nullable Answer answer;

    Open(ConsumerRecord<byte[], byte[]> record, PartitionProgress progress) {
      this.record = record;
      this.progress = progress;
    }
  }

  /**
   * Opens the door: makes the topics if they are missing, checks them, and begins to read.
   *
   * @param model that answers
   * @throws KafkaException if Kafka cannot be reached or a setting is not valid
   */
  public GenerationDoor(ServerConfig config, AnswerService answers, String model) {
    GenerationTopics.ensure(config);
    this.config = config;
    this.answers = answers;
    this.model = model;
    this.reader = new QuestionReader(config);
    this.sink = new EventSink(config);
    this.consumer = openConsumer();
    this.thread = Thread.ofPlatform().name("gibbon-generation-requests").start(this::run);
  }

  private Consumer<byte[], byte[]> openConsumer() {
    try {
      return new KafkaConsumer<>(
          config.kafkaClient(
              Map.of(
                  ConsumerConfig.GROUP_ID_CONFIG,
                  config.requestsGroup(),
                  ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                  "false",
                  ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                  "earliest",
                  ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                  CooperativeStickyAssignor.class.getName(),
                  ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                  Integer.toString(config.requestsAtOnce()))),
          new ByteArrayDeserializer(),
          new ByteArrayDeserializer());
    } catch (KafkaException e) {
      sink.close();
      throw e;
    }
  }

  private void run() {
    try {
      consumer.subscribe(List.of(config.requestsTopic()), new Rebalance());
      while (!closing) {
        turnOrWait();
      }
    } catch (WakeupException e) {
      LOG.debug("Woken up to close");
    } catch (Throwable e) {
      failure = e;
      LOG.error("Questions over Kafka are no longer answered", e);
    } finally {
      try {
        consumer.close(CloseOptions.timeout(PATIENCE));
      } finally {
        drop(List.copyOf(partitions.keySet()));
      }
    }
  }

  /** While Kafka is away, nothing is lost by waiting. */
  private void turnOrWait() {
    try {
      turn();
    } catch (WakeupException e) {
      throw e;
    } catch (KafkaException e) {
      LOG.warn("Questions cannot be read now: {}", e.getMessage());
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private void turn() {
    for (Runnable message = inbox.poll(); message != null; message = inbox.poll()) {
      message.run();
    }
    takeOver();
    begin();
    if (uncommitted) {
      commit();
    }
    pauseOrResume();
    consumer.poll(POLL).forEach(this::accept);
  }

  private void pauseOrResume() {
    boolean full = waiting.size() + running.size() >= config.requestsAtOnce();
    partitions.forEach(
        (partition, progress) -> {
          if (full || !progress.hasRoom()) {
            consumer.pause(Set.of(partition));
          } else {
            consumer.resume(Set.of(partition));
          }
        });
  }

  /** Learns what the last owners of new partitions knew; those are paused until then. */
  private void takeOver() {
    if (fresh.isEmpty()) {
      return;
    }
    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(fresh, PATIENCE);
    for (TopicPartition partition : fresh) {
      OffsetAndMetadata last = committed.get(partition);
      partitions.put(
          partition,
          last == null
              ? new PartitionProgress(consumer.position(partition, PATIENCE), "")
              : new PartitionProgress(last.offset(), last.metadata()));
    }
    fresh.clear();
  }

  private void accept(ConsumerRecord<byte[], byte[]> record) {
    PartitionProgress progress =
        partitions.get(new TopicPartition(record.topic(), record.partition()));
    if (progress != null && progress.accept(record.offset())) {
      waiting.add(new Open(record, progress));
    }
  }

  /** Begins what may begin; attempts are committed first. */
  private void begin() {
    List<Open> chosen = new ArrayList<>();
    long now = System.nanoTime();
    for (Iterator<Open> all = waiting.iterator(); all.hasNext(); ) {
      Open open = all.next();
      boolean mayBegin =
          running.size() + chosen.size() < config.requestsAtOnce()
              && open.notBefore - now <= 0
              && open.progress.mayBegin(open.record.offset());
      if (mayBegin) {
        all.remove();
        chosen.add(open);
        if (open.attempt == 0) {
          open.attempt = open.progress.begin(open.record.offset());
          uncommitted = true;
        }
      }
    }
    if (chosen.isEmpty()) {
      return;
    }
    if (uncommitted && !commit()) {
      chosen.reversed().forEach(waiting::addFirst);
      return;
    }
    running.addAll(chosen);
    chosen.forEach(this::answer);
  }

  private void answer(Open open) {
    GenerationRequest request;
    try {
      request = deserializer.deserialize(open.record.topic(), open.record.value());
      requireUsable(request);
    } catch (InvalidRecordException e) {
      LOG.warn("A question cannot be read: {}", e.getMessage());
      refuse(open, String.valueOf(e.getMessage()));
      return;
    } catch (RuntimeException | StackOverflowError e) {
      LOG.error("A question cannot be read", e);
      refuse(open, "cannot be read: " + e.getClass().getSimpleName());
      return;
    }
    AnswerEvents events =
        new AnswerEvents(
            sink,
            RecordFormat.of(open.record.value()),
            request.getRequestId(),
            open.attempt,
            model,
            new Told(open));
    open.events = events;
    try {
      if (open.attempt > MOST_ATTEMPTS) {
        throw RequestException.unavailable(
            "attempts_exhausted", "%d attempts at an answer were cut off".formatted(MOST_ATTEMPTS));
      }
      open.answer = answers.answer(reader.read(request), events);
    } catch (RuntimeException e) {
      events.onError(RequestException.of(e));
    }
  }

  /** The id is key and value of every event, which must not become too large by it. */
  private static void requireUsable(@Nullable GenerationRequest request) {
    if (request == null) {
      throw InvalidRecordException.of("the record has no value");
    }
    int length = request.getRequestId().length();
    if (length > MOST_ID_LENGTH) {
      throw InvalidRecordException.of(
          "request_id has %,d characters; the limit is %,d".formatted(length, MOST_ID_LENGTH));
    }
  }

  private void refuse(Open open, String reason) {
    if (open.attempt > MOST_ATTEMPTS) {
      sink.refuseBriefly(open.record, reason, failure -> written(open, failure));
    } else {
      sink.refuse(open.record, reason, failure -> written(open, failure));
    }
  }

  /** Passes what becomes of an attempt on to the door's thread. */
  private final class Told implements AnswerEvents.Ending {

    private final Open open;

    Told(Open open) {
      this.open = open;
    }

    @Override
    public void written(@Nullable Exception failure) {
      GenerationDoor.this.written(open, failure);
    }

    @Override
    public void postponed() {
      inbox.add(() -> again(open));
    }
  }

  private void written(Open open, @Nullable Exception failure) {
    if (failure == null) {
      inbox.add(() -> finish(open));
    } else if (failure instanceof RecordTooLargeException) {
      LOG.error(
          "Kafka takes no record as small as an error: {}-{} offset {} has no answer: {}",
          open.record.topic(),
          open.record.partition(),
          open.record.offset(),
          failure.getMessage());
      inbox.add(() -> finish(open));
    } else {
      LOG.warn("Kafka did not take an answer: {}; it is given again", failure.toString());
      inbox.add(
          () -> {
            open.attempt = 0;
            again(open);
          });
    }
  }

  private void finish(Open open) {
    if (running.remove(open)) {
      open.progress.finish(open.record.offset());
      uncommitted = true;
    }
  }

  private void again(Open open) {
    if (running.remove(open)) {
      open.notBefore = System.nanoTime() + POSTPONED_NANOS;
      waiting.add(open);
    }
  }

  private boolean commit() {
    Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
    partitions.forEach((partition, progress) -> positions.put(partition, progress.position()));
    try {
      consumer.commitSync(positions, PATIENCE);
      uncommitted = false;
      return true;
    } catch (WakeupException e) {
      throw e;
    } catch (KafkaException e) {
      LOG.warn("Offsets of questions cannot be committed now: {}", e.getMessage());
      return false;
    }
  }

  /** Forgets partitions: their questions are answered by whoever has them next. */
  private void drop(Collection<TopicPartition> lost) {
    fresh.removeAll(lost);
    List<PartitionProgress> gone = new ArrayList<>();
    lost.forEach(partition -> gone.add(partitions.remove(partition)));
    waiting.removeIf(open -> gone.contains(open.progress));
    for (Iterator<Open> all = running.iterator(); all.hasNext(); ) {
      Open open = all.next();
      if (gone.contains(open.progress)) {
        all.remove();
        if (open.events != null) {
          open.events.abandon();
        }
        if (open.answer != null) {
          open.answer.cancel();
        }
      }
    }
  }

  /** Takes partitions over and gives them away. */
  private final class Rebalance implements ConsumerRebalanceListener {

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
      consumer.pause(assigned);
      fresh.addAll(assigned);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
      commit();
      drop(revoked);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> lost) {
      drop(lost);
    }
  }

  /** Why questions are no longer answered, or empty while they are. Thread-safe. */
  public Optional<String> failure() {
    return Optional.ofNullable(failure)
        .map(error -> "questions over Kafka are no longer answered: " + error);
  }

  /** Stops answers, leaves the group at once, and waits for that. */
  @Override
  public void close() {
    closing = true;
    consumer.wakeup();
    try {
      thread.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sink.close();
  }
}
