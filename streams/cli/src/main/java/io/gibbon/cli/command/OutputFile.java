package io.gibbon.cli.command;

import io.gibbon.cli.UserException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that a command writes when all is done, checked before it begins. */
final class OutputFile {

  private OutputFile() {}

  /**
   * Checks that a file can be written; does not touch it.
   *
   * @param option names the file
   * @throws UserException if it is a directory, may not be written or has no directory to stand in
   */
  static void requireWritable(String option, Path file) {
    Path directory = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file)) {
      throw new UserException("%s: %s is a directory".formatted(option, file));
    }
    if (directory == null || !Files.isDirectory(directory)) {
      throw new UserException("%s: there is no directory %s".formatted(option, directory));
    }
    if (!Files.isWritable(Files.exists(file) ? file : directory)) {
      throw new UserException("%s: %s may not be written".formatted(option, file));
    }
  }
}
