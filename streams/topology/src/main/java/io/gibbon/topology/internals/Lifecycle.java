package io.gibbon.topology.internals;

import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.DocumentVersion;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.schemas.SourceRecord;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import io.gibbon.topology.Version;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * The states of a document: accepted (pending), encoded, failed, deleted. Every change is written
 * to the documents and told to the world here. Used by one stream thread.
 */
final class Lifecycle implements EncodeQueue.Outcomes {

  private static final Serializer<ContextEvent> EVENTS =
      RecordSerde.of(ContextEvent.class).serializer();
  private static final Serializer<Document> DOCUMENTS = RecordSerde.of(Document.class).serializer();
  private static final SourceRecord UNKNOWN_SOURCE = new SourceRecord("", -1, -1L);

  private final ProcessorContext<byte[], Output> context;
  private final DocumentTable documents;
  private final EncodingWriter writer;
  private final long deletionRetention;
  private final ObsoletePages obsolete;
  private final Consumer<DocumentId> replaced;
  private final TopologyMetrics metrics;
  private final DeadLetters deadLetters;
  private final String profile;
  private final EncodeQueue queue;

  /**
   * @param replaced told of documents whose encoding was replaced or deleted
   */
  Lifecycle(
      ProcessorContext<byte[], Output> context,
      Stores stores,
      EncodingWriter writer,
      ObsoletePages obsolete,
      Consumer<DocumentId> replaced,
      Encoder encoder,
      EncoderRoom room,
      TopologyConfig config,
      TopologyMetrics metrics) {
    this.context = context;
    this.documents = new DocumentTable(stores);
    this.writer = writer;
    this.deletionRetention = config.deletionRetention().toMillis();
    this.obsolete = obsolete;
    this.replaced = replaced;
    this.metrics = metrics;
    this.deadLetters = new DeadLetters(config.maxDocumentBytes());
    this.profile = encoder.profile().fingerprint();
    this.queue = new EncodeQueue(stores, config, encoder, room, writer, metrics, this);
  }

  /** Where accepted documents wait. */
  EncodeQueue queue() {
    return queue;
  }

  /** New content of a document, unless it is older than what is known. */
  void accept(DocumentId id, Document document, Version version, SourceRecord source) {
    StoredDocument known = documents.get(id);
    if (isLate(known, version)) {
      metrics.late.increment();
      return;
    }
    PendingDocument pending =
        new PendingDocument(document, avro(version), ContentHash.of(document), source, 0, 0);
    if (known != null && isUnchanged(id, known, pending)) {
      metrics.unchanged.increment();
      advance(id, known, pending);
    } else {
      queue.put(id, pending);
      documents.put(stored(pending, writer.complete(id)));
      metrics.accepted.increment();
    }
  }

  private static boolean isLate(@Nullable StoredDocument known, Version version) {
    return known != null && version(known.getVersion()).compareTo(version) >= 0;
  }

  /**
   * A failed document is always tried again, a deleted one has no content to compare with, and one
   * that only another profile has encoded is new to ours.
   */
  private boolean isUnchanged(DocumentId id, StoredDocument known, PendingDocument pending) {
    String hash = pending.getContentHash();
    return switch (known.getState()) {
      case PENDING -> known.getContentHash().equals(hash);
      case ENCODED -> known.getContentHash().equals(hash) && writer.current(id, hash) != null;
      case FAILED, DELETED -> false;
    };
  }

  private void advance(DocumentId id, StoredDocument known, PendingDocument pending) {
    known.setVersion(pending.getVersion());
    known.setSource(pending.getSource());
    known.setTimestamp(pending.getDocument().getTimestamp());
    known.setChanged(now());
    documents.put(known);
    if (known.getState() == DocumentState.PENDING) {
      queue.advance(id, pending);
    } else {
      Manifest manifest = writer.complete(id);
      emit(id, event(known, ContextEventKind.ENCODED, manifest));
    }
  }

  /** A document that waits, while answers go on using what an earlier encoding wrote. */
  private StoredDocument stored(PendingDocument pending, @Nullable Manifest usable) {
    Document document = pending.getDocument();
    return new StoredDocument(
        document.getCollection(),
        document.getId(),
        pending.getVersion(),
        DocumentState.PENDING,
        null,
        document.getTitle(),
        document.getText(),
        document.getMetadata(),
        document.getTimestamp(),
        pending.getContentHash(),
        pending.getSource(),
        usable == null ? 0 : usable.getContexts().size(),
        usable == null ? 0L : usable.getTokens(),
        now());
  }

  /** Deletes a document, unless the deletion is older than what is known. */
  void delete(DocumentId id, Version version) {
    StoredDocument known = documents.get(id);
    if (isLate(known, version)) {
      metrics.late.increment();
      return;
    }
    metrics.deleted.increment();
    queue.remove(id);
    writer.deleteAll(id);
    replaced.accept(id);
    StoredDocument marker =
        new StoredDocument(
            id.collection(),
            id.id(),
            avro(version),
            DocumentState.DELETED,
            null,
            "",
            "",
            Map.of(),
            null,
            "",
            null,
            0,
            0L,
            now());
    documents.put(marker);
    emit(id, event(marker, ContextEventKind.DELETED, null));
  }

  /** Forgets a document if it is the marker of a deletion that is old enough. */
  void expireMarker(StoredDocument document) {
    if (document.getState() == DocumentState.DELETED
        && now() - document.getChanged() >= deletionRetention) {
      documents.remove(new DocumentId(document.getCollection(), document.getId()));
    }
  }

  @Override
  public void encoded(DocumentId id, PendingDocument pending, Manifest manifest) {
    metrics.encoded.increment();
    metrics.contexts.add(manifest.getContexts().size());
    metrics.tokens.add(manifest.getTokens());
    putEncoded(id, pending, manifest);
    if (!manifest.getObsolete().isEmpty()) {
      obsolete.add(id);
      replaced.accept(id);
    }
  }

  /** Was told already, unless the version is new. */
  @Override
  public void usable(DocumentId id, PendingDocument pending, Manifest manifest) {
    if (manifest.getVersion().equals(pending.getVersion())) {
      documents.put(encoded(pending, manifest));
    } else {
      writer.advance(manifest, pending.getVersion());
      putEncoded(id, pending, manifest);
    }
  }

  private void putEncoded(DocumentId id, PendingDocument pending, Manifest manifest) {
    StoredDocument document = encoded(pending, manifest);
    documents.put(document);
    emit(id, event(document, ContextEventKind.ENCODED, manifest));
  }

  private StoredDocument encoded(PendingDocument pending, Manifest manifest) {
    StoredDocument document = stored(pending, manifest);
    document.setState(DocumentState.ENCODED);
    return document;
  }

  @Override
  public void failed(DocumentId id, PendingDocument pending, String reason) {
    metrics.failed.increment();
    metrics.deadLetters.increment();
    StoredDocument document = stored(pending, writer.complete(id));
    document.setState(DocumentState.FAILED);
    document.setReason(reason);
    documents.put(document);
    emit(id, event(document, ContextEventKind.FAILED, null));
    context.forward(
        deadLetters.of(
            TopicKeys.of(id),
            DOCUMENTS.serialize("", pending.getDocument()),
            new RecordHeaders(),
            now(),
            pending.getSource(),
            reason));
  }

  /** Counts what answers can use: the last owner of the partition may have had another profile. */
  void count(StoredDocument document, @Nullable Manifest usable) {
    int contexts = usable == null ? 0 : usable.getContexts().size();
    long tokens = usable == null ? 0 : usable.getTokens();
    if (document.getContexts() != contexts || document.getTokens() != tokens) {
      document.setContexts(contexts);
      document.setTokens(tokens);
      documents.put(document);
    }
  }

  /** Encodes a document again whose states are gone or of other profiles only. */
  void encodeAgain(DocumentId id, StoredDocument document, @Nullable Manifest usable) {
    PendingDocument pending =
        new PendingDocument(
            new Document(
                document.getCollection(),
                document.getId(),
                document.getTitle(),
                document.getText(),
                document.getMetadata(),
                document.getTimestamp()),
            document.getVersion(),
            document.getContentHash(),
            document.getSource() == null ? UNKNOWN_SOURCE : document.getSource(),
            0,
            0);
    queue.put(id, pending);
    documents.put(stored(pending, usable));
  }

  private ContextEvent event(
      StoredDocument document, ContextEventKind kind, @Nullable Manifest manifest) {
    return new ContextEvent(
        document.getCollection(),
        document.getId(),
        document.getVersion(),
        kind,
        profile,
        manifest == null ? "" : manifest.getEncodeId(),
        document.getContexts(),
        document.getTokens(),
        manifest == null ? 0L : manifest.getEncodeMillis(),
        document.getReason());
  }

  private void emit(DocumentId id, ContextEvent event) {
    byte[] value = EVENTS.serialize("", event);
    context.forward(new Record<>(TopicKeys.of(id), new Output.Event(value), now()));
  }

  private long now() {
    return context.currentSystemTimeMs();
  }

  /** From a stored version. */
  static Version version(DocumentVersion version) {
    return new Version(version.getTimestamp(), version.getOffset());
  }

  private static DocumentVersion avro(Version version) {
    return new DocumentVersion(version.timestamp(), version.offset());
  }
}
