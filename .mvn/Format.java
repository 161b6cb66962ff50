import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds every Java source of the house to google-java-format. A source-launched program, because
 * the formatter needs the JDK of the toolchain while Maven itself may run on an older one.
 *
 * <p>Usage: {@code java -cp <google-java-format> Format.java check|write ROOT}. Status 1 when a
 * file is not formatted.
 */
class Format {

  static void main(String... args) throws Exception {
    boolean write = args[0].equals("write");
    Path root = Path.of(args[1]);
    List<Path> unformatted = new ArrayList<>();
    for (Path file : sources(root)) {
      String source = Files.readString(file);
      String formatted = format(source);
      if (!source.equals(formatted)) {
        unformatted.add(root.relativize(file));
        if (write) {
          Files.writeString(file, formatted);
        }
      }
    }
    unformatted.forEach(
        file -> System.out.println((write ? "formatted " : "not formatted: ") + file));
    if (!write && !unformatted.isEmpty()) {
      System.out.println("Run: ./mvnw -N verify -Dformat=write");
      System.exit(1);
    }
  }

  private static List<Path> sources(Path root) throws Exception {
    try (var files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> !root.relativize(file).toString().contains("/target/"))
          .toList();
    }
  }

  private static String format(String source) throws Exception {
    Formatter formatter = new Formatter(JavaFormatterOptions.defaultOptions());
    String cleaned =
        ImportOrderer.reorderImports(
            RemoveUnusedImports.removeUnusedImports(source), JavaFormatterOptions.Style.GOOGLE);
    return formatter.formatSource(cleaned);
  }
}
