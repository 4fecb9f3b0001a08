namespace FastPush.Tidy;

public sealed class CodeBlankerTests
{
    [Theory]
    [InlineData("a // b", "a     ")]
    [InlineData("a /* b\nc */ d", "a     \n     d")]
    [InlineData("x = \"a\\\"b\";", "x =       ;")]
    [InlineData("x = @\"a\"\"\\\";", "x =        ;")]
    [InlineData("c = '\"'; d", "c =    ; d")]
    [InlineData("c = '\\''; d", "c =     ; d")]
    [InlineData("x = $\"a{y}{{z}}\";", "x =     y       ;")]
    [InlineData("x = $\"{f(\"q\", new { a })}\";", "x =    f(   , new { a })  ;")]
    [InlineData("x = \"\"\"a\"b\"\"\";", "x =          ;")]
    [InlineData("x = $$\"\"\"{a}{{b}}\"\"\";", "x =           b     ;")]
    [InlineData("@class = \"\";", "@class =   ;")]
    [InlineData("#region don't\nx", "             \nx")]
    public void Only_code_is_left_at_its_place(string text, string code) => Assert.Equal(code, CodeBlanker.Blank(text));
}
