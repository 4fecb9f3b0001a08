using System.Text;
using FastPush.Protocol.Stomp;

namespace FastPush.Protocol.Tests.Stomp;

public class HeaderTextTests
{
    [Theory]
    [InlineData("plain", StompVersion.V12, "plain")]
    [InlineData("", StompVersion.V12, "")]
    [InlineData("a:b\\c\nd\re\0f", StompVersion.V12, "a\\cb\\\\c\\nd\\re f")]
    [InlineData("a:b\\c\nd\re\0f", StompVersion.V11, "a\\cb\\\\c\\nd e f")]
    [InlineData("a:b\\c\nd\re\0f", StompVersion.V10, "a:b\\c d e f")]
    [InlineData("::\\\\", StompVersion.V12, "\\c\\c\\\\\\\\")]
    public void TextIsEscapedForItsVersion(string text, StompVersion version, string escaped)
    {
        Assert.Equal(escaped, Escape(text, version));
        Assert.Equal(escaped.Length, HeaderText.EscapedSize(Encoding.UTF8.GetBytes(text), version));
    }

    [Fact]
    public void AColonOfANameBecomesASpaceIn10()
    {
        Span<byte> destination = new byte[3];
        Assert.Equal(3, HeaderText.Escape("a:b"u8, StompVersion.V10, destination, isName: true));
        Assert.Equal("a b"u8, destination);
    }

    [Theory]
    [InlineData("\\c\\n\\r\\\\x", StompVersion.V12, ":\n\r\\x")]
    [InlineData("\\\\n", StompVersion.V12, "\\n")]
    [InlineData("\\c\\n\\\\x", StompVersion.V11, ":\n\\x")]
    [InlineData("\\c\\n\\\\x", StompVersion.V10, "\\c\\n\\\\x")]
    [InlineData("x\\", StompVersion.V12, "x\\")]
    [InlineData("a\\tb", StompVersion.V12, "a\\tb")]
    [InlineData("a\\rb", StompVersion.V11, "a\\rb")]
    public void RawTextIsUnescapedForItsVersion(string raw, StompVersion version, string text) =>
        Assert.Equal(text, Unescape(raw, version));

    [Theory]
    [InlineData("abc", false)]
    [InlineData("a\\nc", true)]
    [InlineData("", false)]
    public void OnlyABackslashNeedsUnescaping(string raw, bool needs) =>
        Assert.Equal(needs, HeaderText.NeedsUnescape(Encoding.UTF8.GetBytes(raw)));

    [Theory]
    [InlineData("plain", true, true)]
    [InlineData("\\n\\c\\\\", true, true)]
    [InlineData("\\r", false, true)]
    [InlineData("\\", false, false)]
    [InlineData("\\t", false, false)]
    [InlineData("\\\\\\", false, false)]
    public void LegalEscapesDependOnTheVersion(string raw, bool legal11, bool legal12)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(raw);
        Assert.True(HeaderText.EscapesAreLegal(bytes, StompVersion.V10));
        Assert.Equal(legal11, HeaderText.EscapesAreLegal(bytes, StompVersion.V11));
        Assert.Equal(legal12, HeaderText.EscapesAreLegal(bytes, StompVersion.V12));
    }

    [Fact]
    public void WhatIsEscapedComesBackWhole()
    {
        var random = new Random(4);
        const string Alphabet = "ab:\\\n\rcrn\u20AC";
        for (int round = 0; round < 2000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            Assert.Equal(text, Unescape(Escape(text, StompVersion.V12), StompVersion.V12));
            Assert.Equal(text.Replace('\r', ' '), Unescape(Escape(text, StompVersion.V11), StompVersion.V11));
            Assert.True(HeaderText.EscapesAreLegal(Encoding.UTF8.GetBytes(Escape(text, StompVersion.V11)), StompVersion.V11));
        }
    }

    [Theory]
    [InlineData(StompVersion.V12, "a\\cb:1\\c2\\n3\\r4\\\\5\n\\r\\n\\\\:x:\\c\nplain:y\nc\\cd:\\r\n\n")]
    [InlineData(StompVersion.V11, "a\\cb:1\\c2\\n3 4\\\\5\n \\n\\\\:x:\\c\nplain:y\nc\\cd: \n\n")]
    [InlineData(StompVersion.V10, "a b:1:2 3 4\\5\n  \\:x::\nplain:y\nc d: \n\n")]
    public void LinesAreTranslatedToEachVersion(StompVersion to, string expected)
    {
        byte[] lines = Encoding.UTF8.GetBytes("a\\cb:1\\c2\\n3\\r4\\\\5\n\\r\\n\\\\:x:\\c\nplain:y\nc\\cd:\\r\n\n");
        var destination = new byte[lines.Length];
        int written = HeaderText.Translate(lines, to, destination);
        Assert.Equal(expected, Encoding.UTF8.GetString(destination, 0, written));
    }

    private static string Escape(string text, StompVersion version)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var destination = new byte[HeaderText.EscapedSize(bytes, version)];
        return Encoding.UTF8.GetString(destination, 0, HeaderText.Escape(bytes, version, destination));
    }

    private static string Unescape(string raw, StompVersion version)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(raw);
        var destination = new byte[bytes.Length];
        return Encoding.UTF8.GetString(destination, 0, HeaderText.Unescape(bytes, version, destination));
    }
}
