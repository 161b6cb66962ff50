package io.gibbon.schemas.serde;

import io.gibbon.schemas.ChatMessage;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.ContextShare;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.DocumentKey;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.DocumentVersion;
import io.gibbon.schemas.GenerationError;
import io.gibbon.schemas.GenerationEvent;
import io.gibbon.schemas.GenerationEventKind;
import io.gibbon.schemas.GenerationRequest;
import io.gibbon.schemas.GibbonOptions;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestContext;
import io.gibbon.schemas.ManifestState;
import io.gibbon.schemas.ObsoleteEncoding;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.schemas.SourceRecord;
import io.gibbon.schemas.StoredDocument;
import io.gibbon.schemas.Timings;
import io.gibbon.schemas.Usage;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;

/** One full example of every record that is a value or key of a topic or store. */
final class Records {

  private static final DocumentVersion VERSION = new DocumentVersion(1_790_000_000_000L, 42L);

  private Records() {}

  static Document document() {
    return new Document(
        "island",
        "ferry/north#1 \u00e9\ud83d\udea2",
        "Ferry",
        "The ferry leaves at 7:40.\u0000\u2028",
        Map.of("author", "harbour", "year", "2031"),
        Instant.ofEpochMilli(1_790_000_000_123L));
  }

  static GenerationEvent end() {
    return new GenerationEvent(
        "r-1",
        2,
        7,
        GenerationEventKind.END,
        "smollm2",
        "!",
        "stop",
        new Usage(12, 345, 6),
        List.of(new ContextShare("island", "ferry", 0, "Ferry", 50, 0.25)),
        true,
        new Timings(1.5, 20.25, 300.0),
        new GenerationError("none", "nothing", "field"));
  }

  static Stream<SpecificRecord> all() {
    return Stream.of(
        document(),
        new DocumentKey("island", "ferry"),
        new PendingDocument(document(), VERSION, "ab12", new SourceRecord("documents", 3, 99L), 2),
        new StoredDocument(
            "island",
            "ferry",
            VERSION,
            DocumentState.FAILED,
            "too long",
            "Ferry",
            "Text",
            Map.of("a", "b"),
            Instant.EPOCH,
            "ab12"),
        new Manifest(
            "island",
            "ferry",
            "e-1",
            VERSION,
            "0123456789abcdef",
            ManifestState.COMPLETE,
            "ab12",
            "Ferry",
            List.of(new ManifestContext(0, 120, "Text", List.of(1, -2, 3))),
            120L,
            88L,
            List.of(new ObsoleteEncoding("e-0", List.of(2, 1)))),
        new KvPage("e-1", 0, 1, ByteBuffer.wrap(new byte[] {0, -1, 127, -128})),
        new ContextEvent(
            "island", "ferry", VERSION, ContextEventKind.FAILED, "p", "e", 1, 2L, 3L, "reason"),
        new GenerationRequest(
            "r-1",
            "smollm2",
            List.of(new ChatMessage("user", "When?")),
            "prompt",
            new GibbonOptions("island", List.of("island/ferry#0"), 2, 0.8, 1.0, true, "1-2", false),
            0.5,
            0.9,
            40,
            0.05,
            0.1,
            -0.1,
            7L,
            List.of("\n"),
            64,
            Instant.ofEpochMilli(1)),
        end());
  }
}
