import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Scanner;

import org.apache.kafka.common.security.ssl.SslPrincipalMapper;

/** Reads rules and a name a line, both in hex with a tab between them, and writes what Kafka makes of the name, in hex. */
public class Rules {
    public static void main(String[] arguments) {
        HexFormat hex = HexFormat.of();
        Scanner in = new Scanner(System.in, StandardCharsets.US_ASCII);
        while (in.hasNextLine()) {
            String[] said = in.nextLine().split("\t", -1);
            System.out.println(mapped(text(hex, said[0]), text(hex, said[1]), hex));
        }
    }

    private static String text(HexFormat hex, String said) {
        return new String(hex.parseHex(said), StandardCharsets.UTF_8);
    }

    private static String mapped(String rules, String name, HexFormat hex) {
        SslPrincipalMapper mapper;
        try {
            mapper = SslPrincipalMapper.fromRules(rules);
        } catch (RuntimeException refused) {
            return "refused";
        }
        try {
            return "=" + hex.formatHex(mapper.getName(name).getBytes(StandardCharsets.UTF_8));
        } catch (java.io.IOException nobody) {
            return "nobody";
        } catch (RuntimeException broken) {
            return "broken";
        }
    }
}
