using FastPush.Protocol.Tls;

namespace FastPush.Protocol.Tests.Tls;

/// <summary>The derivations against RFC 8448 section 3 (simple 1-RTT handshake).</summary>
public sealed class TrafficKeyTests
{
    [Theory]
    [InlineData(
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
        "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9")]
    [InlineData(
        "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
        "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984")]
    public void A_secret_gives_the_key_and_the_first_nonce_of_the_RFC(string secret, string key, string iv)
    {
        var traffic = new TrafficKey(TlsSuite.Aes128Gcm, Convert.FromHexString(secret));
        var nonce = new byte[TlsSuites.NonceBytes];
        traffic.NextNonce(nonce);
        Assert.Equal(key, Convert.ToHexStringLower(traffic.Key));
        Assert.Equal(iv, Convert.ToHexStringLower(nonce));
    }

    [Fact]
    public void Every_record_has_another_nonce_and_an_update_starts_anew()
    {
        var traffic = new TrafficKey(TlsSuite.Aes256Gcm, new byte[48]);
        var seen = new HashSet<string>();
        var before = traffic.Key.ToArray();
        for (var i = 0; i < 1000; i++)
        {
            var nonce = new byte[TlsSuites.NonceBytes];
            traffic.NextNonce(nonce);
            Assert.True(seen.Add(Convert.ToHexString(nonce)));
        }

        traffic.Update();
        Assert.Equal(0, traffic.Records);
        Assert.NotEqual(before, traffic.Key.ToArray());
        traffic.Clear();
        Assert.Equal(new byte[32], traffic.Key.ToArray());
    }

    [Fact]
    public void A_secret_of_another_hash_is_refused() =>
        Assert.Throws<ArgumentException>(() => new TrafficKey(TlsSuite.Aes256Gcm, new byte[32]));
}
