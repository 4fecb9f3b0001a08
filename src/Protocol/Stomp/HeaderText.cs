using System.Buffers;

namespace FastPush.Protocol.Stomp;

/// <summary>
/// Escapes of header names and values (STOMP 1.2, "Value Encoding"; 1.1 lacks <c>\r</c>; 1.0 has none, a backslash is itself
/// there). What a version cannot carry becomes a space, never a line end: a value cannot forge a header.
/// </summary>
public static class HeaderText
{
    private const byte Backslash = (byte)'\\';

    private static readonly SearchValues<byte> Special = SearchValues.Create("\\\r\n:\0"u8);

    /// <summary>True if the raw text has an escape, so that <see cref="Unescape"/> would change it in 1.1 and 1.2.</summary>
    public static bool NeedsUnescape(ReadOnlySpan<byte> raw) => raw.Contains(Backslash);

    /// <summary>True if each backslash begins an escape that the version defines; always true in 1.0.</summary>
    public static bool EscapesAreLegal(ReadOnlySpan<byte> raw, StompVersion version)
    {
        if (version == StompVersion.V10)
        {
            return true;
        }

        int at;
        while ((at = raw.IndexOf(Backslash)) >= 0)
        {
            if (at + 1 == raw.Length)
            {
                return false;
            }

            bool legal = raw[at + 1] is (byte)'n' or (byte)'c' or Backslash
                || (raw[at + 1] == (byte)'r' && version == StompVersion.V12);
            if (!legal)
            {
                return false;
            }

            raw = raw[(at + 2)..];
        }

        return true;
    }

    /// <summary>Writes the text that the raw form stands for. Legal escapes only; an unknown one is copied as it is.</summary>
    /// <param name="raw">A name or value as it came in a frame.</param>
    /// <param name="version">The version of the connection it came on.</param>
    /// <param name="destination">At least as long as <paramref name="raw"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Unescape(ReadOnlySpan<byte> raw, StompVersion version, Span<byte> destination)
    {
        var writer = new SpanWriter(destination);
        int at;
        while (version != StompVersion.V10 && (at = raw.IndexOf(Backslash)) >= 0 && at + 1 < raw.Length)
        {
            writer.Append(raw[..at]);
            byte code = raw[at + 1];
            switch (code)
            {
                case (byte)'n':
                    writer.Append((byte)'\n');
                    break;
                case (byte)'c':
                    writer.Append((byte)':');
                    break;
                case (byte)'r' when version == StompVersion.V12:
                    writer.Append((byte)'\r');
                    break;
                case Backslash:
                    writer.Append(Backslash);
                    break;
                default:
                    writer.Append(raw.Slice(at, 2));
                    break;
            }

            raw = raw[(at + 2)..];
        }

        writer.Append(raw);
        return writer.Written;
    }

    /// <summary>Bytes that <see cref="Escape"/> writes.</summary>
    public static int EscapedSize(ReadOnlySpan<byte> text, StompVersion version)
    {
        int size = text.Length;
        int at;
        while (version != StompVersion.V10 && (at = text.IndexOfAny(Special)) >= 0)
        {
            size += text[at] switch
            {
                0 => 0,
                (byte)'\r' when version == StompVersion.V11 => 0,
                _ => 1,
            };
            text = text[(at + 1)..];
        }

        return size;
    }

    /// <summary>Writes the text in the version's escaped form. NUL, which none can carry, becomes a space.</summary>
    /// <param name="text">A name or value, unescaped.</param>
    /// <param name="version">The version of the connection it goes out on.</param>
    /// <param name="destination">At least <see cref="EscapedSize"/> long; twice the text is always enough.</param>
    /// <param name="isName">True for a header's name, in which 1.0 cannot carry a colon.</param>
    /// <returns>Bytes written.</returns>
    public static int Escape(ReadOnlySpan<byte> text, StompVersion version, Span<byte> destination, bool isName = false)
    {
        var writer = new SpanWriter(destination);
        int at;
        while ((at = text.IndexOfAny(Special)) >= 0)
        {
            writer.Append(text[..at]);
            AppendSpecial(ref writer, text[at], version, isName);
            text = text[(at + 1)..];
        }

        writer.Append(text);
        return writer.Written;
    }

    /// <summary>Header lines in 1.2's escaped form to the form of another version: <c>\r</c> has none in 1.1, 1.0 has no escapes.</summary>
    /// <param name="escaped12Lines">Lines <c>name:value</c>, each ended by LF; an empty line is copied.</param>
    /// <param name="to">The receiver's version.</param>
    /// <param name="destination">At least as long as the lines: no version's form is longer.</param>
    /// <returns>Bytes written.</returns>
    public static int Translate(ReadOnlySpan<byte> escaped12Lines, StompVersion to, Span<byte> destination)
    {
        var writer = new SpanWriter(destination);
        ReadOnlySpan<byte> rest = escaped12Lines;
        bool inName = true;
        int at;
        while (to != StompVersion.V12 && (at = rest.IndexOf(Backslash)) >= 0 && at + 1 < rest.Length)
        {
            ReadOnlySpan<byte> plain = rest[..at];
            int lineEnd = plain.LastIndexOf((byte)'\n');
            inName = (inName || lineEnd >= 0) && !plain[(lineEnd + 1)..].Contains((byte)':');
            writer.Append(plain);
            AppendTranslated(ref writer, rest.Slice(at, 2), to, inName);
            rest = rest[(at + 2)..];
        }

        writer.Append(rest);
        return writer.Written;
    }

    private static void AppendTranslated(ref SpanWriter writer, ReadOnlySpan<byte> escape, StompVersion to, bool inName)
    {
        byte code = escape[1];
        if (to == StompVersion.V11 && code != (byte)'r')
        {
            writer.Append(escape);
            return;
        }

        writer.Append(code switch
        {
            Backslash => Backslash,
            (byte)'c' when !inName => (byte)':',
            _ => (byte)' ',
        });
    }

    private static void AppendSpecial(ref SpanWriter writer, byte special, StompVersion version, bool isName)
    {
        if (version == StompVersion.V10)
        {
            bool carried = special == Backslash || (special == (byte)':' && !isName);
            writer.Append(carried ? special : (byte)' ');
            return;
        }

        ReadOnlySpan<byte> escaped = special switch
        {
            Backslash => "\\\\"u8,
            (byte)'\n' => "\\n"u8,
            (byte)':' => "\\c"u8,
            (byte)'\r' when version == StompVersion.V12 => "\\r"u8,
            _ => " "u8,
        };
        writer.Append(escaped);
    }
}
