import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;

import javax.security.auth.x500.X500Principal;

/** Reads the DER of a name a line, in hex, and writes what Kafka's principal builder makes of it, in hex. */
public class Names {
    public static void main(String[] arguments) {
        HexFormat hex = HexFormat.of();
        Scanner in = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (in.hasNextLine()) {
            String name;
            try {
                name = new X500Principal(hex.parseHex(in.nextLine())).getName();
            } catch (IllegalArgumentException refused) {
                System.out.println("refused");
                continue;
            }
            System.out.println(hex.formatHex(name.getBytes(StandardCharsets.UTF_8)));
        }
    }
}
