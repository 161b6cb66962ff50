package io.gibbon.topology.internals;

import io.gibbon.schemas.CollectionCounts;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.topology.DocumentId;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * The documents of one partition together with the counts of their collections, which change with
 * every document written. Used by one stream thread.
 */
final class DocumentTable {

  private static final CollectionCounts NOTHING = new CollectionCounts(0L, 0L, 0L, 0L, 0L);

  private final Stores stores;

  DocumentTable(Stores stores) {
    this.stores = stores;
  }

  /** What is known of a document, deletion markers included; the caller may change and put it. */
  @Nullable StoredDocument get(DocumentId document) {
    return stores.documents().get(Keys.document(document));
  }

  /** Writes a document in place of what was known of it. */
  void put(StoredDocument document) {
    DocumentId id = new DocumentId(document.getCollection(), document.getId());
    count(id, get(id), document);
    stores.documents().put(Keys.document(id), document);
  }

  /** Forgets a document altogether. */
  void remove(DocumentId document) {
    count(document, get(document), null);
    stores.documents().delete(Keys.document(document));
  }

  private void count(
      DocumentId id, @Nullable StoredDocument before, @Nullable StoredDocument after) {
    CollectionCounts change = minus(counts(after), counts(before));
    if (change.equals(NOTHING)) {
      return;
    }
    Bytes key = Keys.collection(id.collection());
    CollectionCounts known = stores.collections().get(key);
    CollectionCounts now = minus(known == null ? NOTHING : known, minus(NOTHING, change));
    stores.collections().put(key, now.equals(NOTHING) ? null : now);
  }

  private static CollectionCounts counts(@Nullable StoredDocument document) {
    if (document == null || document.getState() == DocumentState.DELETED) {
      return NOTHING;
    }
    return new CollectionCounts(
        one(document, DocumentState.ENCODED),
        one(document, DocumentState.PENDING),
        one(document, DocumentState.FAILED),
        (long) document.getContexts(),
        document.getTokens());
  }

  private static long one(StoredDocument document, DocumentState state) {
    return document.getState() == state ? 1 : 0;
  }

  private static CollectionCounts minus(CollectionCounts a, CollectionCounts b) {
    return new CollectionCounts(
        a.getEncoded() - b.getEncoded(),
        a.getPending() - b.getPending(),
        a.getFailed() - b.getFailed(),
        a.getContexts() - b.getContexts(),
        a.getTokens() - b.getTokens());
  }
}
