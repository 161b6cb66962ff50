package io.gibbon.tornado;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM sees. */
final class Devices {

  private Devices() {}

  /** All of them, GPUs first. */
  static List<Device> all() {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    List<Device> devices = new ArrayList<>();
    for (int i = 0; i < runtime.getNumBackends(); i++) {
      runtime.getBackend(i).getAllDevices().forEach(device -> devices.add(new Device(device)));
    }
    devices.sort(Comparator.comparing(device -> !device.isGpu()));
    return devices;
  }

  /** A line for each device, with what it does at best, which takes some seconds. */
  static List<String> measured() {
    return all().stream().map(device -> device + ", " + ceilings(device)).toList();
  }

  /** Whatever a device cannot do, the others are told of. */
  private static String ceilings(Device device) {
    try {
      return DeviceCeilings.measure(device.handle()).toString();
    } catch (RuntimeException | Error e) {
      return "not measured: " + e;
    }
  }

  /**
   * The one that models run on.
   *
   * @throws IllegalStateException if there is none
   */
  static Device best() {
    return all().stream()
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("TornadoVM finds no device"));
  }
}
