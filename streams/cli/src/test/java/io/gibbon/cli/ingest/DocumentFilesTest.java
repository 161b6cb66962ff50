package io.gibbon.cli.ingest;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.gibbon.schemas.Document;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentFilesTest {

  private final DocumentFiles files = new DocumentFiles("c", 2000);

  @TempDir Path directory;

  @Test
  void namesDocumentsByTheirPathBelowTheDirectory() throws Exception {
    write("b/ferry-times.txt", "The ferry sails.");
    write("a.md", "intro\n# Harbour rules\nGo slow.");
    write(".hidden.txt", "no");
    write(".git/x.txt", "no");
    List<Document> documents = documents(directory);
    assertThat(documents).extracting(Document::getId).containsExactly("a.md", "b/ferry-times.txt");
    assertThat(documents)
        .extracting(Document::getTitle)
        .containsExactly("Harbour rules", "ferry times");
    assertThat(documents).extracting(Document::getCollection).containsOnly("c");
    assertThat(documents.getFirst().getText()).startsWith("intro");
  }

  @Test
  void readsOneDocumentALine() throws Exception {
    Path file =
        write(
            "d.jsonl",
            "{\"id\":\"1\",\"text\":\"one\"}\r\n\n{\"id\":2,\"text\":\"two\",\"collection\":\"other\"}");
    List<Document> documents = documents(file);
    assertThat(documents).extracting(Document::getId).containsExactly("1", "2");
    assertThat(documents).extracting(Document::getCollection).containsExactly("c", "other");
  }

  @Test
  void refusesBadLinesAndGoesOn() throws Exception {
    Path file =
        write(
            "d.jsonl",
            "{\"id\":\"1\",\"text\":\"  \"}\nnot json\n{\"text\":\"no id\"}\n{\"id\":\"4\",\"text\":\"fine\"}\n");
    List<Item> items = items(file);
    assertThat(refusals(items))
        .extracting(Item.Refused::source)
        .containsExactly(file + ":1", file + ":2", file + ":3");
    assertThat(refusals(items).get(0).reason()).contains("text");
    assertThat(refusals(items).get(2).reason()).contains("id");
    assertThat(items).hasSize(4);
  }

  @Test
  void readsHtmlThroughTika() throws Exception {
    Path file =
        write(
            "page.html",
            "<html><head><title>Clinic</title></head><body><p>Open daily.</p></body></html>");
    Document document = documents(file).getFirst();
    assertThat(document.getTitle()).isEqualTo("Clinic");
    assertThat(document.getText()).isEqualTo("Open daily.");
  }

  @Test
  void refusesWhatHasNoText() throws Exception {
    write("empty.txt", "");
    write("blank.md", " \n\t\n");
    write("broken.pdf", "%PDF-1.7 nothing else");
    Files.write(directory.resolve("noise.bin"), new byte[] {0, 1, 2, (byte) 0xff});
    List<Item> items = items(directory);
    assertThat(refusals(items)).hasSize(4);
    assertThat(refusals(items)).allSatisfy(refused -> assertThat(refused.reason()).isNotBlank());
  }

  @Test
  void goesOnWhereItMayNotLook() throws Exception {
    assumeFalse(System.getProperty("user.name").equals("root"), "root may look everywhere");
    write("a.txt", "Fine.");
    Path closed = write("closed/b.txt", "Nobody sees this.").getParent();
    Files.setPosixFilePermissions(closed, Set.of());
    try {
      List<Item> items = items(directory);
      assertThat(items).hasSize(2);
      assertThat(refusals(items)).containsExactly(refused(closed, "may not be read"));
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void goesOnBehindLinksThatLeadNowhere() throws Exception {
    write("a/b.txt", "Fine.");
    Path loop = Files.createSymbolicLink(directory.resolve("a/loop"), directory);
    Path dangling = Files.createSymbolicLink(directory.resolve("gone"), directory.resolve("x"));
    List<Item> items = items(directory);
    assertThat(items).hasSize(3);
    assertThat(refusals(items))
        .containsExactlyInAnyOrder(
            refused(loop, "is a link to a directory above it"),
            refused(dangling, "is a link to nothing"));
  }

  @Test
  void refusesTextsAboveTheLimitUnread() throws Exception {
    Path large = write("large.txt", "x".repeat(2001));
    write("right.txt", "x".repeat(2000));
    Files.write(directory.resolve("wide.txt"), "x".repeat(1990).getBytes(UTF_16));
    List<Item> items = items(directory);
    assertThat(refusals(items)).containsExactly(refused(large, "2,001 bytes, the limit is 2,000"));
    assertThat(items).hasSize(3);
  }

  private static Item.Refused refused(Path file, String reason) {
    return new Item.Refused(file.toString(), reason);
  }

  @Test
  void takesStandardInputAsLinesOrAsOneText() throws Exception {
    assertThat(stream("  {\"id\":\"x\",\"text\":\"t\"}\n"))
        .extracting(Document::getId)
        .containsExactly("x");
    assertThat(stream("Just words.")).extracting(Document::getText).containsExactly("Just words.");
  }

  @Test
  void takesStandardInputAsOneTextWhereItHasAnId() throws Exception {
    List<Item> items = new ArrayList<>();
    String text = "{\"text\": \"A brace begins this text.\"}";
    files.readText(new ByteArrayInputStream(text.getBytes(UTF_8)), "mine", items::add);
    Document document = ((Item.Readable) items.getFirst()).document();
    assertThat(document.getId()).isEqualTo("mine");
    assertThat(document.getText()).isEqualTo(text);
  }

  private List<Document> stream(String text) throws IOException {
    List<Item> items = new ArrayList<>();
    files.readStream(new ByteArrayInputStream(text.getBytes(UTF_8)), "stdin", items::add);
    return items.stream().map(item -> ((Item.Readable) item).document()).toList();
  }

  private List<Document> documents(Path root) throws IOException {
    return items(root).stream().map(item -> ((Item.Readable) item).document()).toList();
  }

  private List<Item> items(Path root) throws IOException {
    List<Item> items = new ArrayList<>();
    for (DocumentFiles.Source source : files.list(root, items::add)) {
      files.read(source, items::add);
    }
    return items;
  }

  private static List<Item.Refused> refusals(List<Item> items) {
    return items.stream()
        .filter(Item.Refused.class::isInstance)
        .map(Item.Refused.class::cast)
        .toList();
  }

  private Path write(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }
}
