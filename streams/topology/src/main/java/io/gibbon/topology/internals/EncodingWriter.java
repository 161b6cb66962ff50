package io.gibbon.topology.internals;

import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.DocumentVersion;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestContext;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.ObsoleteEncoding;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * Writes manifests, pages and index entries so that a reader sees all of an encoding or none of it.
 *
 * <p>Before a page is written, a building manifest lists it; at the end a complete manifest takes
 * the place of the last one and lists that one's pages as obsolete, to be deleted later. So at any
 * moment every page is on a list, also after an unclean stop under at-least-once. Used by one
 * stream thread.
 */
final class EncodingWriter {

  private static final Serializer<Bytes> PREFIX =
      new org.apache.kafka.common.serialization.BytesSerializer();

  private static final int LISTED_CONTEXT_BYTES = 12;

  private final Stores stores;
  private final String profile;
  private final int maxManifestBytes;
  private final TopologyMetrics metrics;

  EncodingWriter(Stores stores, String profile, TopologyConfig config, TopologyMetrics metrics) {
    this.stores = stores;
    this.profile = profile;
    this.maxManifestBytes = config.maxDocumentBytes();
    this.metrics = metrics;
  }

  /** Begins to write what a job will return. */
  Encoding start(DocumentId document, PendingDocument pending, EncodeJob job) {
    discardBuilding(document);
    Manifest manifest = new Manifest();
    manifest.setCollection(document.collection());
    manifest.setId(document.id());
    manifest.setEncodeId(UUID.randomUUID().toString().replace("-", ""));
    manifest.setVersion(pending.getVersion());
    manifest.setProfile(profile);
    manifest.setState(ManifestState.BUILDING);
    manifest.setContentHash(pending.getContentHash());
    manifest.setTitle(pending.getDocument().getTitle());
    manifest.setContexts(new ArrayList<>());
    manifest.setObsolete(new ArrayList<>());
    return new Encoding(document, pending, job, manifest);
  }

  /**
   * Writes pages of one context, which is an encoding's current one.
   *
   * @param budget the most bytes; the last page may exceed it
   * @return bytes written
   */
  long write(Encoding encoding, EncodedContext context, long budget) {
    if (encoding.nextPage == 0) {
      list(encoding, context);
    }
    KvStates states = context.states();
    long written = 0;
    while (encoding.nextPage < states.pageCount() && written < budget) {
      byte[] bytes = states.page(encoding.nextPage);
      stores
          .pages()
          .put(
              page(encoding.manifest, context.index(), encoding.nextPage),
              new KvPage(
                  encoding.manifest.getEncodeId(),
                  context.index(),
                  encoding.nextPage,
                  ByteBuffer.wrap(bytes)));
      encoding.nextPage++;
      written += bytes.length;
    }
    if (encoding.nextPage == states.pageCount()) {
      encoding.closeContext();
    }
    metrics.pageBytes.add(written);
    return written;
  }

  /** Whether the list of an encoding's pages has outgrown what one record of a changelog takes. */
  boolean isTooLong(Encoding encoding) {
    return encoding.manifest.getContexts().stream()
            .mapToLong(context -> LISTED_CONTEXT_BYTES + context.getPages().size() * 5L)
            .sum()
        > maxManifestBytes;
  }

  private void list(Encoding encoding, EncodedContext context) {
    encoding.texts.add(context.text());
    Manifest manifest = encoding.manifest;
    manifest
        .getContexts()
        .add(
            new ManifestContext(
                context.index(), context.states().tokens(), PageChecksums.of(context.states())));
    manifest.setTokens(manifest.getTokens() + context.states().tokens());
    stores.manifests().put(building(encoding.document), manifest);
  }

  /**
   * Makes a whole encoding the one that readers see.
   *
   * @param pending the document as it stands in {@code pending} now
   * @return the complete manifest
   */
  Manifest complete(Encoding encoding, PendingDocument pending) {
    DocumentId document = encoding.document;
    Manifest before = complete(document);
    Manifest manifest = encoding.manifest;
    manifest.setState(ManifestState.COMPLETE);
    manifest.setVersion(pending.getVersion());
    manifest.setEncodeMillis(
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - encoding.startedNanos));
    if (before != null) {
      manifest.getObsolete().addAll(before.getObsolete());
      manifest.getObsolete().add(obsolete(before));
      deleteIndexed(before, manifest.getContexts().size());
    }
    stores
        .pages()
        .put(
            Keys.pagesEnd(document, profile, manifest.getEncodeId()),
            new KvPage(manifest.getEncodeId(), -1, -1, ByteBuffer.allocate(0)));
    stores.manifests().put(Keys.manifest(document, profile, ManifestState.COMPLETE), manifest);
    stores.manifests().put(building(document), null);
    index(encoding);
    return manifest;
  }

  private void index(Encoding encoding) {
    Manifest manifest = encoding.manifest;
    for (ManifestContext context : manifest.getContexts()) {
      stores
          .index()
          .put(
              Keys.context(profile, encoding.document, context.getIndex()),
              new IndexedContext(
                  encoding.document.collection(),
                  encoding.document.id(),
                  context.getIndex(),
                  manifest.getEncodeId(),
                  context.getTokens(),
                  manifest.getTitle(),
                  encoding.texts.get(context.getIndex()),
                  profile));
    }
  }

  /** The manifest that readers see, of our own profile. */
  @Nullable Manifest complete(DocumentId document) {
    return stores.manifests().get(Keys.manifest(document, profile, ManifestState.COMPLETE));
  }

  /** The manifest of exactly this content, whose pages are there, of our own profile; or null. */
  @Nullable Manifest current(DocumentId document, String contentHash) {
    Manifest manifest = complete(document);
    return manifest != null && manifest.getContentHash().equals(contentHash) && hasPages(manifest)
        ? manifest
        : null;
  }

  /**
   * Whether an encoding's pages are on this disk. They can be missing under either durability: what
   * was written under rebuild is in no changelog, also after a switch to one.
   */
  boolean hasPages(Manifest manifest) {
    return stores
            .pages()
            .get(Keys.pagesEnd(document(manifest), manifest.getProfile(), manifest.getEncodeId()))
        != null;
  }

  /** Gives an encoding the version of newer, equal content. */
  void advance(Manifest manifest, DocumentVersion version) {
    manifest.setVersion(version);
    stores
        .manifests()
        .put(Keys.manifest(document(manifest), profile, manifest.getState()), manifest);
  }

  /** Deletes what was written of an encoding that will not be completed. */
  void discardBuilding(DocumentId document) {
    Manifest building = stores.manifests().get(building(document));
    if (building != null) {
      deletePages(building);
      stores.manifests().put(building(document), null);
    }
  }

  /** Deletes everything of a document that answers could use, of all profiles, at once. */
  void deleteAll(DocumentId document) {
    manifests(document).forEach(this::delete);
  }

  /** Deletes what an encoding has in the search index, from one context on. */
  private void deleteIndexed(Manifest manifest, int from) {
    for (int index = from; index < manifest.getContexts().size(); index++) {
      stores.index().put(Keys.context(manifest.getProfile(), document(manifest), index), null);
    }
  }

  /** All manifests of a document, of all profiles. */
  List<Manifest> manifests(DocumentId document) {
    List<Manifest> manifests = new ArrayList<>();
    try (KeyValueIterator<Bytes, Manifest> found =
        stores.manifests().prefixScan(Keys.document(document), PREFIX)) {
      while (found.hasNext()) {
        KeyValue<Bytes, Manifest> pair = found.next();
        manifests.add(pair.value);
      }
    }
    return manifests;
  }

  /**
   * Deletes a manifest and everything it lists.
   *
   * @return how many pages that were
   */
  long delete(Manifest manifest) {
    if (manifest.getState() == ManifestState.COMPLETE) {
      deleteIndexed(manifest, 0);
    }
    long pages = deletePages(manifest) + deleteObsolete(manifest);
    stores
        .manifests()
        .put(Keys.manifest(document(manifest), manifest.getProfile(), manifest.getState()), null);
    return pages;
  }

  /** Deletes the pages that a document's complete manifest lists as obsolete. */
  void deleteObsolete(DocumentId document) {
    Manifest manifest = complete(document);
    if (manifest != null && !manifest.getObsolete().isEmpty()) {
      deleteObsolete(manifest);
      manifest.setObsolete(List.of());
      stores.manifests().put(Keys.manifest(document, profile, ManifestState.COMPLETE), manifest);
    }
  }

  private long deleteObsolete(Manifest manifest) {
    long pages = 0;
    for (ObsoleteEncoding obsolete : manifest.getObsolete()) {
      pages +=
          deletePages(
              document(manifest),
              manifest.getProfile(),
              obsolete.getEncodeId(),
              obsolete.getPages());
    }
    return pages;
  }

  private long deletePages(Manifest manifest) {
    ObsoleteEncoding all = obsolete(manifest);
    return deletePages(
        document(manifest), manifest.getProfile(), all.getEncodeId(), all.getPages());
  }

  private long deletePages(
      DocumentId document, String profile, String encodeId, List<Integer> pages) {
    stores.pages().put(Keys.pagesEnd(document, profile, encodeId), null);
    for (int context = 0; context < pages.size(); context++) {
      for (int page = 0; page < pages.get(context); page++) {
        stores.pages().put(Keys.page(document, profile, encodeId, context, page), null);
      }
    }
    return pages.stream().mapToLong(Integer::longValue).sum();
  }

  private static ObsoleteEncoding obsolete(Manifest manifest) {
    return new ObsoleteEncoding(
        manifest.getEncodeId(),
        manifest.getContexts().stream().map(context -> context.getPages().size()).toList());
  }

  private Bytes building(DocumentId document) {
    return Keys.manifest(document, profile, ManifestState.BUILDING);
  }

  private static Bytes page(Manifest manifest, int context, int page) {
    return Keys.page(
        document(manifest), manifest.getProfile(), manifest.getEncodeId(), context, page);
  }

  private static DocumentId document(Manifest manifest) {
    return new DocumentId(manifest.getCollection(), manifest.getId());
  }
}
