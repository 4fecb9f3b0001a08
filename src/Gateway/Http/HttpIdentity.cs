using System.Text;
using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;

namespace FastPush.Gateway.Http;

/// <summary>Who asks, by <c>Authorization: Bearer</c> or <c>?token=</c>.</summary>
internal static class HttpIdentity
{
    /// <summary>The principal, or null with the text for a 401. A valid token proves the connection that it came with.</summary>
    public static Principal? Find(HttpContext context, TokenVerifier tokens, out string detail)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var token = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : context.Request.Query["token"].ToString();
        if (token.Length == 0)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            detail = "A token is needed: Authorization: Bearer, or ?token=.";
            return null;
        }

        var principal = tokens.Verify(Encoding.UTF8.GetBytes(token), out var fault);
        detail = principal is null ? AuthFaults.Describe(fault) : "";
        if (principal is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        }
        else
        {
            context.Features.Get<ConnectionEntry>()?.TryProve(); // A full node serves requests all the same, but takes no streams.
        }

        return principal;
    }

    /// <summary>May learn of this user: it is the user, an admin, or one who may send to the user.</summary>
    public static bool MaySee(Principal principal, string user) =>
        principal.UserId == user
        || principal.IsAdmin
        || principal.Acl.MayPublish(Encoding.UTF8.GetBytes($"/user/{user}/queue/messages"));
}
