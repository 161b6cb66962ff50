package io.gibbon.cli.ingest;

import static java.nio.file.FileVisitResult.CONTINUE;
import static java.nio.file.FileVisitResult.SKIP_SUBTREE;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Collects the regular files below a directory, and goes on where it may not look. */
final class FileFinder extends SimpleFileVisitor<Path> {

  private final Path root;
  private final Consumer<Item.Refused> refused;
  private final List<Path> files = new ArrayList<>();

  FileFinder(Path root, Consumer<Item.Refused> refused) {
    this.root = root;
    this.refused = refused;
  }

  /** What was found, in no order. */
  List<Path> files() {
    return files;
  }

  @Override
  public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
    return isHidden(directory) ? SKIP_SUBTREE : CONTINUE;
  }

  @Override
  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
    if (isHidden(file)) {
      return CONTINUE;
    }
    if (attributes.isRegularFile()) {
      files.add(file);
    } else {
      refuse(file, attributes.isSymbolicLink() ? "is a link to nothing" : "is no regular file");
    }
    return CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path file, IOException failure) {
    if (!isHidden(file)) {
      refuse(file, DocumentFiles.reason(failure));
    }
    return CONTINUE;
  }

  @Override
  public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) {
    if (failure != null) {
      refuse(directory, DocumentFiles.reason(failure));
    }
    return CONTINUE;
  }

  private void refuse(Path file, String reason) {
    refused.accept(new Item.Refused(file.toString(), reason));
  }

  private boolean isHidden(Path file) {
    return !file.equals(root) && file.getFileName().toString().startsWith(".");
  }
}
